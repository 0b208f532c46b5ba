-- finish_tasks moves tasks into the history, with the event of each.
--
-- $1         position of the item in its group
-- $2 … $5    id, status and attempt that the row must show, new status
-- $6 … $8    what is added to retry_count, crash_count and lapse_count
-- $9, $10     error and result; '' is none
-- $11 … $18  the events; metadata as text
--
-- The guard stands in the DELETE itself, and so do the values: joined again
-- afterwards, 256 rows would be compared with 256. A completed task shows no
-- error. A pending task expires only once its deadline has passed. The input is
-- sorted by id, which makes all writers lock in one order.
--
-- Result: the positions of the items that hold.
WITH moved AS (
    DELETE FROM tasks t
    USING unnest(
        $1::integer[], $2::uuid[], $3::smallint[], $4::integer[], $5::smallint[], $6::integer[], $7::integer[], $8::integer[],
        $9::text[], $10::text[],
        $11::uuid[], $12::text[], $13::text[], $14::timestamptz[], $15::text[], $16::text[], $17::uuid[], $18::uuid[]
    ) AS v (
        position, id, from_status, attempt, to_status, retries, crashes, lapses, error, result,
        event_id, event_type, event_severity, event_timestamp, event_message, event_metadata,
        event_correlation_id, event_parent_id
    )
    WHERE t.id = v.id
      AND t.status + 0 = v.from_status
      AND t.attempt = v.attempt
      AND (v.from_status <> 0 OR v.to_status = 5 OR t.deadline <= now())
    RETURNING
        t.id, t.run_at, t.started_at, t.deadline, t.correlation_id, t.retry_count, t.max_retries, t.attempt,
        t.crash_count, t.lapse_count, t.redrive_count, t.priority, t.cancel_requested, t.type, t.unique_key,
        t.created_by, t.traceparent, t.description, t.metadata, t.error AS old_error, t.payload,
        v.position, v.to_status, v.retries, v.crashes, v.lapses, v.error, v.result,
        v.event_id, v.event_type, v.event_severity, v.event_timestamp, v.event_message, v.event_metadata,
        v.event_correlation_id, v.event_parent_id
), kept AS (
    INSERT INTO task_history (
        id, updated, run_at, started_at, completed_at, deadline, correlation_id,
        retry_count, max_retries, attempt, crash_count, lapse_count, redrive_count,
        status, priority, cancel_requested, type, unique_key, created_by, traceparent, description,
        metadata, error, payload, result
    )
    SELECT
        id, now(), run_at, started_at, now(), deadline, correlation_id,
        retry_count + retries, max_retries, attempt, crash_count + crashes, lapse_count + lapses, redrive_count,
        to_status, priority, cancel_requested, type, unique_key, created_by, traceparent, description,
        metadata, CASE WHEN to_status <> 3 THEN coalesce(nullif(error, '')::json, old_error) END, payload,
        nullif(result, '')::json
    FROM moved
), recorded AS (
    INSERT INTO audit_events (id, type, severity, timestamp, message, metadata, correlation_id, parent_event_id)
    SELECT
        event_id, event_type, event_severity, event_timestamp, event_message, event_metadata::jsonb,
        event_correlation_id, event_parent_id
    FROM moved
)
SELECT position FROM moved
