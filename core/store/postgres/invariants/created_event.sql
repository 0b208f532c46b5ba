WITH created AS (
    SELECT (metadata ->> 'taskId') COLLATE "C" AS task, count(*) AS n
    FROM audit_events WHERE type = 'task.created' GROUP BY 1
), removed AS (
    SELECT (metadata ->> 'taskId') COLLATE "C" AS task
    FROM audit_events WHERE type IN ('task.dead_letter_removed', 'task.dead_letter_evicted')
), kept AS (
    SELECT id::text COLLATE "C" AS task FROM tasks
    UNION
    SELECT id::text COLLATE "C" FROM task_history
), horizon AS (
    SELECT (SELECT min(task) FROM created) AS events, (SELECT min(task) FROM kept) AS tasks
)
SELECT coalesce(kept.task, created.task) AS subject,
    CASE
        WHEN kept.task IS NULL THEN 'a task.created event, but no task'
        ELSE format('%s task.created events', coalesce(created.n, 0))
    END AS detail
FROM created FULL JOIN kept ON kept.task = created.task CROSS JOIN horizon
WHERE (kept.task >= horizon.events AND created.n IS DISTINCT FROM 1)
    OR (kept.task IS NULL AND created.task >= horizon.tasks
        AND NOT EXISTS (SELECT FROM removed WHERE removed.task = created.task))
