WITH named AS (
    SELECT upper(replace(json_extract(metadata, '$.taskId'), '-', '')) AS task,
        max(json_extract(metadata, '$.attempt')) AS attempt
    FROM audit_events
    WHERE (type LIKE 'task.%' OR type = 'recovery.late_result_refused') AND json_extract(metadata, '$.taskId') IS NOT NULL
    GROUP BY 1
), kept AS (
    SELECT hex(id) AS task, attempt FROM tasks
    UNION ALL
    SELECT hex(id), attempt FROM task_history
)
SELECT kept.task AS subject, 'attempt ' || kept.attempt || ', but an event names ' || named.attempt AS detail
FROM kept JOIN named ON named.task = kept.task
WHERE named.attempt > kept.attempt
