-- record_events writes events that may have been written before.
--
-- $1 … $8  the events, one array a column; metadata as text. Sorted by id, so
--          that two writers of the same events wait in one direction only.
INSERT INTO audit_events (id, type, severity, timestamp, message, metadata, correlation_id, parent_event_id)
SELECT v.id, v.type, v.severity, v.timestamp, v.message, v.metadata::jsonb, v.correlation_id, v.parent_event_id
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::uuid[], $8::uuid[]
) AS v (id, type, severity, timestamp, message, metadata, correlation_id, parent_event_id)
ON CONFLICT (id) DO NOTHING
