WITH ends AS (
    SELECT upper(replace(json_extract(metadata, '$.taskId'), '-', '')) AS task, type,
        max(json_extract(metadata, '$.attempt')) AS attempt
    FROM audit_events
    WHERE type IN ('task.completed', 'task.failed', 'task.cancelled', 'task.dead_lettered')
    GROUP BY 1, 2
), ended AS (
    SELECT hex(id) AS task, status, attempt FROM tasks WHERE status = 2
    UNION ALL
    SELECT hex(id), status, attempt FROM task_history
)
SELECT ended.task AS subject,
    'attempt ' || ended.attempt || ', but ' || ends.type || ' names ' || coalesce(ends.attempt, 'none') AS detail
FROM ended JOIN ends ON ends.task = ended.task AND ends.type = CASE ended.status
    WHEN 2 THEN 'task.dead_lettered' WHEN 3 THEN 'task.completed' WHEN 4 THEN 'task.failed' ELSE 'task.cancelled' END
WHERE ends.attempt IS NOT ended.attempt
