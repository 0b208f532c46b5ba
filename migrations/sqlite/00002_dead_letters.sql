-- Dead letters: redrives as stored jobs, and the order in which dead letters
-- are evicted and retried by themselves. Both indexes hold dead letters alone,
-- so that tasks which complete never touch them.

-- +goose Up

-- Dead letters by the time at which they were given up, the longest ago first.
CREATE INDEX tasks_dead_age ON tasks (updated, id) WHERE status = 2;
-- The same for each number of redrives: the automatic retry waits longer each time.
CREATE INDEX tasks_dead_tries ON tasks (redrive_count, updated, id) WHERE status = 2;

-- redrives are the jobs that retry all dead letters of a filter. Position is the
-- last id that was looked at: ids go upwards, and a task that dies again keeps
-- its id, so none is redriven twice. next_at is the pace, shared by whoever works.
CREATE TABLE redrives (
    id             BLOB    NOT NULL PRIMARY KEY,
    created        INTEGER NOT NULL,
    updated        INTEGER NOT NULL,
    next_at        INTEGER NOT NULL,
    position       BLOB    NOT NULL,
    correlation_id BLOB,
    matched        INTEGER NOT NULL,
    redriven       INTEGER NOT NULL,
    skipped        INTEGER NOT NULL,
    per_second     INTEGER NOT NULL,
    -- running (0), done (1), stopped (2)
    state          INTEGER NOT NULL,
    type           TEXT    NOT NULL,
    code           TEXT    NOT NULL,
    created_by     TEXT    NOT NULL,
    request_id     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX redrives_running ON redrives (state) WHERE state = 0;

-- +goose Down

DROP TABLE redrives;
DROP INDEX tasks_dead_tries;
DROP INDEX tasks_dead_age;
