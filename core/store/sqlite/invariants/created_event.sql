WITH created AS (
    SELECT upper(replace(json_extract(metadata, '$.taskId'), '-', '')) AS task, count(*) AS n
    FROM audit_events WHERE type = 'task.created' GROUP BY 1
), removed AS (
    SELECT upper(replace(json_extract(metadata, '$.taskId'), '-', '')) AS task
    FROM audit_events WHERE type IN ('task.dead_letter_removed', 'task.dead_letter_evicted')
), kept AS (
    SELECT hex(id) AS task FROM tasks
    UNION
    SELECT hex(id) FROM task_history
), horizon AS (
    SELECT (SELECT min(task) FROM created) AS events, (SELECT min(task) FROM kept) AS tasks
)
SELECT coalesce(kept.task, created.task) AS subject,
    CASE
        WHEN kept.task IS NULL THEN 'a task.created event, but no task'
        ELSE coalesce(created.n, 0) || ' task.created events'
    END AS detail
FROM created FULL JOIN kept ON kept.task = created.task CROSS JOIN horizon
WHERE (kept.task >= horizon.events AND created.n IS NOT 1)
    OR (kept.task IS NULL AND created.task >= horizon.tasks
        AND created.task NOT IN (SELECT task FROM removed WHERE task IS NOT NULL))
