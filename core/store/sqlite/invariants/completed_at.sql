SELECT hex(id) AS subject, 'status ' || status || ' without a time of its end' AS detail
FROM task_history WHERE completed_at IS NULL
