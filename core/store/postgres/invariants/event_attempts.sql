WITH named AS (
    SELECT (metadata ->> 'taskId') COLLATE "C" AS task, max((metadata ->> 'attempt')::integer) AS attempt
    FROM audit_events
    WHERE (type LIKE 'task.%' OR type = 'recovery.late_result_refused') AND metadata ->> 'taskId' IS NOT NULL
    GROUP BY 1
), kept AS (
    SELECT id::text COLLATE "C" AS task, attempt FROM tasks
    UNION ALL
    SELECT id::text COLLATE "C", attempt FROM task_history
)
SELECT kept.task AS subject, format('attempt %s, but an event names %s', kept.attempt, named.attempt) AS detail
FROM kept JOIN named ON named.task = kept.task
WHERE named.attempt > kept.attempt
