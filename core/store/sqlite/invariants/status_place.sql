SELECT hex(id) AS subject, 'status ' || status || ' among the living' AS detail
FROM tasks WHERE status NOT IN (0, 1, 2)
UNION ALL
SELECT hex(id), 'status ' || status || ' in the history'
FROM task_history WHERE status NOT IN (3, 4, 5)
