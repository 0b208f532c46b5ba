-- return_tasks ends attempts whose tasks stay among the living: back to
-- pending, or given up as dead letters; with the event of each. It also makes
-- dead letters of pending tasks whose deadline has passed.
--
-- $1         position of the item in its group
-- $2 … $5    id, status and attempt that the row must show, new status
-- $6 … $8    what is added to retry_count, crash_count and lapse_count
-- $9         error; '' keeps the stored one
-- $10         run_at of a pending task; NULL: at once
-- $11        when a task that waits again became ready
-- $12 … $19  the events; metadata as text
--
-- A task whose end was asked for does not go back to pending. The input is
-- sorted by id, which makes all writers lock in one order.
--
-- Result: the positions of the items that hold.
WITH changed AS (
    UPDATE tasks t
    SET status = v.to_status,
        node_id = NULL,
        updated = now(),
        run_at = CASE WHEN v.to_status = 0 THEN v.run_at ELSE t.run_at END,
        ready = CASE WHEN v.to_status = 0 THEN v.ready ELSE t.ready END,
        error = coalesce(nullif(v.error, '')::json, t.error),
        retry_count = t.retry_count + v.retries,
        crash_count = t.crash_count + v.crashes,
        lapse_count = t.lapse_count + v.lapses
    FROM unnest(
        $1::integer[], $2::uuid[], $3::smallint[], $4::integer[], $5::smallint[], $6::integer[], $7::integer[], $8::integer[],
        $9::text[], $10::timestamptz[], $11::timestamptz[],
        $12::uuid[], $13::text[], $14::text[], $15::timestamptz[], $16::text[], $17::text[], $18::uuid[], $19::uuid[]
    ) AS v (
        position, id, from_status, attempt, to_status, retries, crashes, lapses, error, run_at, ready,
        event_id, event_type, event_severity, event_timestamp, event_message, event_metadata,
        event_correlation_id, event_parent_id
    )
    WHERE t.id = v.id
      AND t.status + 0 = v.from_status
      AND t.attempt = v.attempt
      AND (v.to_status <> 0 OR NOT t.cancel_requested)
      AND (v.from_status <> 0 OR t.deadline <= now())
    RETURNING
        v.position, v.event_id, v.event_type, v.event_severity, v.event_timestamp, v.event_message, v.event_metadata,
        v.event_correlation_id, v.event_parent_id
), recorded AS (
    INSERT INTO audit_events (id, type, severity, timestamp, message, metadata, correlation_id, parent_event_id)
    SELECT
        event_id, event_type, event_severity, event_timestamp, event_message, event_metadata::jsonb,
        event_correlation_id, event_parent_id
    FROM changed
)
SELECT position FROM changed
