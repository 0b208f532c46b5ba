-- insert_tasks writes a group of pending tasks and the event of each.
--
-- $1 … $15   the tasks, one array a column; '' is stored as NULL
-- $16 … $23  their events, in the same order; metadata as text
--
-- A task whose unique key is taken is left out, and so is its event. Tasks
-- without a unique key always go in, so that only the others are looked up.
-- The callers sort by unique key: two groups then wait for each other in one
-- direction only.
--
-- Result: the ids of the tasks that went in and have a unique key.
WITH written AS (
    INSERT INTO tasks (
        id, type, priority, ready, updated, run_at, deadline, max_retries, unique_key,
        correlation_id, created_by, traceparent, description, metadata, payload
    )
    SELECT
        v.id, v.type, v.priority, v.ready, v.updated, v.run_at, v.deadline, v.max_retries, nullif(v.unique_key, ''),
        v.correlation_id, v.created_by, v.traceparent, v.description,
        nullif(v.metadata, '')::json, nullif(v.payload, '')::json
    FROM unnest(
        $1::uuid[], $2::text[], $3::smallint[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
        $7::timestamptz[], $8::integer[], $9::text[], $10::uuid[], $11::text[], $12::text[], $13::text[],
        $14::text[], $15::text[]
    ) AS v (
        id, type, priority, ready, updated, run_at, deadline, max_retries, unique_key,
        correlation_id, created_by, traceparent, description, metadata, payload
    )
    ON CONFLICT (type, unique_key) WHERE unique_key IS NOT NULL AND status IN (0, 1) DO NOTHING
    RETURNING id, unique_key
), recorded AS (
    INSERT INTO audit_events (id, type, severity, timestamp, message, metadata, correlation_id, parent_event_id)
    SELECT v.id, v.type, v.severity, v.timestamp, v.message, v.metadata::jsonb, v.correlation_id, v.parent_event_id
    FROM unnest(
        $1::uuid[], $9::text[],
        $16::uuid[], $17::text[], $18::text[], $19::timestamptz[], $20::text[], $21::text[], $22::uuid[], $23::uuid[]
    ) AS v (
        task, unique_key,
        id, type, severity, timestamp, message, metadata, correlation_id, parent_event_id
    )
    WHERE v.unique_key = ''
       OR v.task IN (SELECT w.id FROM written w WHERE w.unique_key IS NOT NULL)
)
SELECT id FROM written WHERE unique_key IS NOT NULL
