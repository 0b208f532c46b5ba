-- task_events lists the events of one task, oldest first.
--
-- $1  id of the task, as text
-- $2  only events after this id; also what keeps older partitions unread
-- $3  how many at most
--
-- Result: events.
SELECT id, type, severity, timestamp, message, metadata, correlation_id, parent_event_id
FROM audit_events
WHERE (metadata ->> 'taskId') COLLATE "C" = $1 AND metadata ->> 'taskId' IS NOT NULL AND id > $2
ORDER BY id
LIMIT $3
