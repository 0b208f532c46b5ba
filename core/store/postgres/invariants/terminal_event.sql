WITH ends AS (
    SELECT (metadata ->> 'taskId') COLLATE "C" AS task,
        count(*) FILTER (WHERE type = 'task.dead_lettered') AS dead,
        count(*) FILTER (WHERE type = 'task.completed') AS completed,
        count(*) FILTER (WHERE type = 'task.failed') AS failed,
        count(*) FILTER (WHERE type = 'task.cancelled') AS cancelled
    FROM audit_events
    WHERE type IN ('task.completed', 'task.failed', 'task.cancelled', 'task.dead_lettered')
    GROUP BY 1
), kept AS (
    SELECT id::text COLLATE "C" AS task, status, redrive_count FROM tasks
    UNION ALL
    SELECT id::text COLLATE "C", status, redrive_count FROM task_history
), horizon AS (
    SELECT min((metadata ->> 'taskId') COLLATE "C") AS events FROM audit_events WHERE type = 'task.created'
)
SELECT kept.task AS subject,
    format('status %s after %s redrives, events: %s dead_lettered, %s completed, %s failed, %s cancelled',
        kept.status, kept.redrive_count, coalesce(ends.dead, 0), coalesce(ends.completed, 0),
        coalesce(ends.failed, 0), coalesce(ends.cancelled, 0)) AS detail
FROM kept LEFT JOIN ends ON ends.task = kept.task CROSS JOIN horizon
WHERE kept.task >= horizon.events
    AND (coalesce(ends.dead, 0) <> kept.redrive_count + (kept.status = 2)::int
        OR coalesce(ends.completed, 0) <> (kept.status = 3)::int
        OR coalesce(ends.failed, 0) <> (kept.status = 4)::int
        OR coalesce(ends.cancelled, 0) <> (kept.status = 5)::int)
