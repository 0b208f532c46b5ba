-- The first schema. Conventions: ids are UUIDv7, so they hold their creation
-- time and sort by it; times are set by the clock of the database; NULL means
-- "not set". There are no foreign keys: partitions are dropped whole. Text that
-- is indexed has the collation "C": names and keys are compared by their bytes,
-- which costs a fraction of a language's order.

-- +goose Up

-- tasks holds the living: pending (0), running (1), dead_letter (2). It stays
-- small, whatever the history. Each further index costs more than a microsecond
-- a write. Documents that SQL never looks into are json: jsonb costs two to
-- four microseconds a write and rounds what a submitter wrote.
CREATE TABLE tasks (
    id               uuid        NOT NULL PRIMARY KEY,
    -- ready is the later of creation and run_at: the order among equals.
    ready            timestamptz NOT NULL,
    updated          timestamptz NOT NULL,
    run_at           timestamptz,
    started_at       timestamptz,
    deadline         timestamptz,
    correlation_id   uuid,
    node_id          uuid,
    retry_count      integer     NOT NULL DEFAULT 0,
    max_retries      integer     NOT NULL,
    attempt          integer     NOT NULL DEFAULT 0,
    crash_count      integer     NOT NULL DEFAULT 0,
    lapse_count      integer     NOT NULL DEFAULT 0,
    redrive_count    integer     NOT NULL DEFAULT 0,
    status           smallint    NOT NULL DEFAULT 0,
    priority         smallint    NOT NULL,
    cancel_requested boolean     NOT NULL DEFAULT false,
    type             text        NOT NULL COLLATE "C",
    unique_key       text COLLATE "C",
    created_by       text        NOT NULL,
    traceparent      text        NOT NULL,
    description      text        NOT NULL,
    metadata         json,
    error            json,
    payload          json,
    -- Lists compare metadata with ->>, which fails on escapes that are no text
    -- (\u0000, half a surrogate pair). The cast fails the same way, here.
    CONSTRAINT tasks_metadata_is_text
        CHECK (strpos(metadata::text, '\u') = 0 OR jsonb_typeof(metadata::jsonb) IS NOT NULL)
) WITH (
    -- Every row is updated once and deleted soon after: vacuum early, and let
    -- the statistics follow a table that grows and shrinks within minutes.
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0.1,
    autovacuum_analyze_threshold = 2000
);

-- What waits, in the order in which it is to be tried.
CREATE INDEX tasks_waiting ON tasks (type, priority, ready, id) WHERE status = 0;
-- What each node holds.
CREATE INDEX tasks_running ON tasks (node_id, id) WHERE status = 1;
-- Delayed tasks and retries, to be pushed when due.
CREATE INDEX tasks_delayed ON tasks (run_at) WHERE status = 0 AND run_at IS NOT NULL;
-- Pending tasks that can expire.
CREATE INDEX tasks_deadline ON tasks (deadline) WHERE status = 0 AND deadline IS NOT NULL;
-- Dead letters, newest first.
CREATE INDEX tasks_dead ON tasks (id) WHERE status = 2;
-- A unique key is free again as soon as its task has ended or is given up.
CREATE UNIQUE INDEX tasks_unique ON tasks (type, unique_key)
    WHERE unique_key IS NOT NULL AND status IN (0, 1);

-- task_history holds the ended: completed (3), failed (4), cancelled (5), in
-- partitions by day of creation. The engine makes the partitions.
CREATE TABLE task_history (
    id               uuid        NOT NULL PRIMARY KEY,
    updated          timestamptz NOT NULL,
    run_at           timestamptz,
    started_at       timestamptz,
    completed_at     timestamptz NOT NULL,
    deadline         timestamptz,
    correlation_id   uuid,
    retry_count      integer     NOT NULL,
    max_retries      integer     NOT NULL,
    attempt          integer     NOT NULL,
    crash_count      integer     NOT NULL,
    lapse_count      integer     NOT NULL,
    redrive_count    integer     NOT NULL,
    status           smallint    NOT NULL,
    priority         smallint    NOT NULL,
    cancel_requested boolean     NOT NULL,
    type             text        NOT NULL COLLATE "C",
    unique_key       text COLLATE "C",
    created_by       text        NOT NULL,
    traceparent      text        NOT NULL,
    description      text        NOT NULL,
    metadata         json,
    error            json,
    payload          json,
    result           json
) PARTITION BY RANGE (id);

CREATE INDEX task_history_type ON task_history (type, id);
-- The rare ends, newest first. Nearly all tasks complete, and those are found
-- by walking the key.
CREATE INDEX task_history_unhappy ON task_history (status, id) WHERE status <> 3;

-- audit_events is the log, in partitions by day. A follower reads it in the
-- order (xid, id) below the oldest transaction that still runs.
CREATE TABLE audit_events (
    id              uuid        NOT NULL PRIMARY KEY,
    xid             xid8        NOT NULL DEFAULT pg_current_xact_id(),
    timestamp       timestamptz NOT NULL,
    correlation_id  uuid,
    parent_event_id uuid,
    type            text        NOT NULL COLLATE "C",
    severity        text        NOT NULL COLLATE "C",
    message         text        NOT NULL,
    metadata        jsonb       NOT NULL
) PARTITION BY RANGE (id);

CREATE INDEX audit_events_position ON audit_events (xid, id);
CREATE INDEX audit_events_time ON audit_events USING brin (timestamp);
-- The metadata that is searched for. The trail of a task holds its routine
-- events too; the other searches leave them out, which spares three B-trees on
-- nearly all rows.
CREATE INDEX audit_events_task ON audit_events ((metadata ->> 'taskId') COLLATE "C", id)
    WHERE metadata ->> 'taskId' IS NOT NULL;
CREATE INDEX audit_events_user ON audit_events ((metadata ->> 'userId') COLLATE "C", id)
    WHERE metadata ->> 'userId' IS NOT NULL;
CREATE INDEX audit_events_resource ON audit_events ((metadata ->> 'resourceId') COLLATE "C", id)
    WHERE metadata ->> 'resourceId' IS NOT NULL;
CREATE INDEX audit_events_type ON audit_events (type, id)
    WHERE type NOT IN ('task.created', 'task.started', 'task.completed');
CREATE INDEX audit_events_severity ON audit_events (severity, id)
    WHERE type NOT IN ('task.created', 'task.started', 'task.completed');
CREATE INDEX audit_events_correlation ON audit_events (correlation_id, id)
    WHERE correlation_id IS NOT NULL AND type NOT IN ('task.created', 'task.started', 'task.completed');

-- nodes has one row for every start of an engine.
CREATE TABLE nodes (
    id          uuid        NOT NULL PRIMARY KEY,
    name        text        NOT NULL,
    version     text        NOT NULL,
    started     timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    dead_at     timestamptz,
    config_hash text        NOT NULL
);

CREATE INDEX nodes_living ON nodes (lease_until) WHERE dead_at IS NULL;

-- idempotency remembers answers to requests that carried an Idempotency-Key.
CREATE TABLE idempotency (
    principal    text        NOT NULL COLLATE "C",
    route        text        NOT NULL COLLATE "C",
    key          text        NOT NULL COLLATE "C",
    expires      timestamptz NOT NULL,
    status       integer     NOT NULL,
    request_hash bytea       NOT NULL,
    body         bytea       NOT NULL,
    PRIMARY KEY (principal, route, key)
);

CREATE INDEX idempotency_expires ON idempotency (expires);

-- epochs tells whether the queue of a type still is the one that was filled.
CREATE TABLE epochs (
    type  text NOT NULL COLLATE "C" PRIMARY KEY,
    epoch uuid NOT NULL
);

-- api_keys holds hashes, never the secrets.
CREATE TABLE api_keys (
    id         uuid        NOT NULL PRIMARY KEY,
    created    timestamptz NOT NULL,
    expires    timestamptz,
    revoked    timestamptz,
    name       text        NOT NULL,
    role       text        NOT NULL,
    created_by text        NOT NULL,
    hash       bytea       NOT NULL
);

-- +goose Down

DROP TABLE api_keys;
DROP TABLE epochs;
DROP TABLE idempotency;
DROP TABLE nodes;
DROP TABLE audit_events;
DROP TABLE task_history;
DROP TABLE tasks;
