-- The audit log.

-- name: insert_event
-- An event of a change; its id is new.
INSERT INTO audit_events (id, type, severity, timestamp, message, metadata, correlation_id, parent_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)

-- name: record_event
-- An event that may have been written before.
INSERT INTO audit_events (id, type, severity, timestamp, message, metadata, correlation_id, parent_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO NOTHING

-- name: task_events
-- The trail of task ?1, after event ?2.
SELECT id, type, severity, timestamp, message, metadata, correlation_id, parent_id FROM audit_events
WHERE json_extract(metadata, '$.taskId') = ?1 AND json_extract(metadata, '$.taskId') IS NOT NULL AND id > ?2
ORDER BY id LIMIT ?3
