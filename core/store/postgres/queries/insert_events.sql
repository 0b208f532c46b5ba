-- insert_events writes events that are new.
--
-- $1 … $8  the events, one array a column; metadata as text
INSERT INTO audit_events (id, type, severity, timestamp, message, metadata, correlation_id, parent_event_id)
SELECT v.id, v.type, v.severity, v.timestamp, v.message, v.metadata::jsonb, v.correlation_id, v.parent_event_id
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::uuid[], $8::uuid[]
) AS v (id, type, severity, timestamp, message, metadata, correlation_id, parent_event_id)
