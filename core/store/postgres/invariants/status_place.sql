SELECT id::text AS subject, format('status %s among the living', status) AS detail
FROM tasks WHERE status NOT IN (0, 1, 2)
UNION ALL
SELECT id::text, format('status %s in the history', status)
FROM task_history WHERE status NOT IN (3, 4, 5)
