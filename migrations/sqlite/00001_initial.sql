-- The first schema. Conventions: ids are 16 bytes (UUIDv7, so they sort by
-- creation); times are microseconds since 1970, UTC; NULL means "not set".
-- Tables keyed by id are WITHOUT ROWID: one B-tree instead of two makes an
-- insert a quarter cheaper.

-- +goose Up

-- tasks holds the living: pending (0), running (1), dead_letter (2). Each
-- further index costs more than a microsecond a write.
CREATE TABLE tasks (
    id               BLOB    NOT NULL PRIMARY KEY,
    type             TEXT    NOT NULL,
    status           INTEGER NOT NULL,
    priority         INTEGER NOT NULL,
    -- ready is the later of creation and run_at: the order among equals.
    ready            INTEGER NOT NULL,
    updated          INTEGER NOT NULL,
    run_at           INTEGER,
    started_at       INTEGER,
    deadline         INTEGER,
    retry_count      INTEGER NOT NULL,
    max_retries      INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    crash_count      INTEGER NOT NULL,
    lapse_count      INTEGER NOT NULL,
    redrive_count    INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    node_id          BLOB,
    unique_key       TEXT,
    correlation_id   BLOB,
    created_by       TEXT    NOT NULL,
    traceparent      TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    metadata         TEXT,
    error            TEXT,
    payload          TEXT
) STRICT, WITHOUT ROWID;

-- What waits, in the order in which it is to be tried.
CREATE INDEX tasks_waiting ON tasks (type, priority, ready) WHERE status = 0;
-- Delayed tasks and retries, to be pushed when due.
CREATE INDEX tasks_delayed ON tasks (run_at) WHERE status = 0 AND run_at IS NOT NULL;
-- Pending tasks that can expire.
CREATE INDEX tasks_deadline ON tasks (deadline) WHERE status = 0 AND deadline IS NOT NULL;
-- What each node holds.
CREATE INDEX tasks_running ON tasks (node_id) WHERE status = 1;
-- Dead letters, newest first.
CREATE INDEX tasks_dead ON tasks (status) WHERE status = 2;
-- A unique key is free again as soon as its task has ended or is given up.
CREATE UNIQUE INDEX tasks_unique ON tasks (type, unique_key)
    WHERE status IN (0, 1) AND unique_key IS NOT NULL;

-- task_history holds the ended: completed (3), failed (4), cancelled (5).
CREATE TABLE task_history (
    id               BLOB    NOT NULL PRIMARY KEY,
    type             TEXT    NOT NULL,
    status           INTEGER NOT NULL,
    priority         INTEGER NOT NULL,
    updated          INTEGER NOT NULL,
    run_at           INTEGER,
    started_at       INTEGER,
    completed_at     INTEGER NOT NULL,
    deadline         INTEGER,
    retry_count      INTEGER NOT NULL,
    max_retries      INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    crash_count      INTEGER NOT NULL,
    lapse_count      INTEGER NOT NULL,
    redrive_count    INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    unique_key       TEXT,
    correlation_id   BLOB,
    created_by       TEXT    NOT NULL,
    traceparent      TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    metadata         TEXT,
    error            TEXT,
    payload          TEXT,
    result           TEXT
) STRICT, WITHOUT ROWID;

-- The history of one type, newest first.
CREATE INDEX task_history_type ON task_history (type);
-- The rare ends, newest first. Nearly all tasks complete, so that those are
-- found by walking the key.
CREATE INDEX task_history_failed ON task_history (status) WHERE status = 4;
CREATE INDEX task_history_cancelled ON task_history (status) WHERE status = 5;

-- audit_events is the log. position is where followers stand: with one writer
-- it rises in the order of commits. AUTOINCREMENT: a position is never used
-- again, also when retention has removed the newest row.
CREATE TABLE audit_events (
    position       INTEGER PRIMARY KEY AUTOINCREMENT,
    id             BLOB    NOT NULL,
    type           TEXT    NOT NULL,
    severity       TEXT    NOT NULL,
    timestamp      INTEGER NOT NULL,
    message        TEXT    NOT NULL,
    metadata       TEXT    NOT NULL,
    correlation_id BLOB,
    parent_id      BLOB
) STRICT;

CREATE UNIQUE INDEX audit_events_id ON audit_events (id);
-- The trail of one task.
CREATE INDEX audit_events_task ON audit_events (json_extract(metadata, '$.taskId'), id)
    WHERE json_extract(metadata, '$.taskId') IS NOT NULL;

-- nodes has one row for every start of an engine.
CREATE TABLE nodes (
    id          BLOB    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    started     INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    dead_at     INTEGER,
    config_hash TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- idempotency remembers answers to requests that carried an Idempotency-Key.
CREATE TABLE idempotency (
    principal    TEXT    NOT NULL,
    route        TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    request_hash BLOB    NOT NULL,
    status       INTEGER NOT NULL,
    body         BLOB    NOT NULL,
    expires      INTEGER NOT NULL,
    PRIMARY KEY (principal, route, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_expires ON idempotency (expires);

-- queue_epochs tells whether the queue of a type still is the one that was filled.
CREATE TABLE queue_epochs (
    type  TEXT NOT NULL PRIMARY KEY,
    epoch BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- api_keys holds hashes, never the secrets.
CREATE TABLE api_keys (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    hash       BLOB    NOT NULL,
    created_by TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    expires    INTEGER,
    revoked    INTEGER
) STRICT, WITHOUT ROWID;

-- +goose Down

DROP TABLE api_keys;
DROP TABLE queue_epochs;
DROP TABLE idempotency;
DROP TABLE nodes;
DROP TABLE audit_events;
DROP TABLE task_history;
DROP TABLE tasks;
