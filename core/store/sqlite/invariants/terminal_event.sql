WITH ends AS (
    SELECT upper(replace(json_extract(metadata, '$.taskId'), '-', '')) AS task,
        count(*) FILTER (WHERE type = 'task.dead_lettered') AS dead,
        count(*) FILTER (WHERE type = 'task.completed') AS completed,
        count(*) FILTER (WHERE type = 'task.failed') AS failed,
        count(*) FILTER (WHERE type = 'task.cancelled') AS cancelled
    FROM audit_events
    WHERE type IN ('task.completed', 'task.failed', 'task.cancelled', 'task.dead_lettered')
    GROUP BY 1
), kept AS (
    SELECT hex(id) AS task, status, redrive_count FROM tasks
    UNION ALL
    SELECT hex(id), status, redrive_count FROM task_history
), horizon AS (
    SELECT min(upper(replace(json_extract(metadata, '$.taskId'), '-', ''))) AS events
    FROM audit_events WHERE type = 'task.created'
)
SELECT kept.task AS subject,
    'status ' || kept.status || ' after ' || kept.redrive_count || ' redrives, events: '
        || coalesce(ends.dead, 0) || ' dead_lettered, ' || coalesce(ends.completed, 0) || ' completed, '
        || coalesce(ends.failed, 0) || ' failed, ' || coalesce(ends.cancelled, 0) || ' cancelled' AS detail
FROM kept LEFT JOIN ends ON ends.task = kept.task CROSS JOIN horizon
WHERE kept.task >= horizon.events
    AND (coalesce(ends.dead, 0) <> kept.redrive_count + (kept.status = 2)
        OR coalesce(ends.completed, 0) <> (kept.status = 3)
        OR coalesce(ends.failed, 0) <> (kept.status = 4)
        OR coalesce(ends.cancelled, 0) <> (kept.status = 5))
