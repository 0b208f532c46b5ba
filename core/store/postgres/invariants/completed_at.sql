SELECT id::text AS subject, format('status %s without a time of its end', status) AS detail
FROM task_history WHERE completed_at IS NULL
