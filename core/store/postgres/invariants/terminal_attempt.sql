WITH ends AS (
    SELECT (metadata ->> 'taskId') COLLATE "C" AS task, type, max((metadata ->> 'attempt')::integer) AS attempt
    FROM audit_events
    WHERE type IN ('task.completed', 'task.failed', 'task.cancelled', 'task.dead_lettered')
    GROUP BY 1, 2
), ended AS (
    SELECT id::text COLLATE "C" AS task, status, attempt FROM tasks WHERE status = 2
    UNION ALL
    SELECT id::text COLLATE "C", status, attempt FROM task_history
)
SELECT ended.task AS subject, format('attempt %s, but %s names %s', ended.attempt, ends.type, ends.attempt) AS detail
FROM ended JOIN ends ON ends.task = ended.task AND ends.type = CASE ended.status
    WHEN 2 THEN 'task.dead_lettered' WHEN 3 THEN 'task.completed' WHEN 4 THEN 'task.failed' ELSE 'task.cancelled' END
WHERE ends.attempt IS DISTINCT FROM ended.attempt
