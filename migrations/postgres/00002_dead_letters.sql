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
    id             uuid        NOT NULL PRIMARY KEY,
    created        timestamptz NOT NULL,
    updated        timestamptz NOT NULL,
    next_at        timestamptz NOT NULL,
    position       uuid        NOT NULL,
    correlation_id uuid,
    matched        bigint      NOT NULL,
    redriven       bigint      NOT NULL,
    skipped        bigint      NOT NULL,
    per_second     integer     NOT NULL,
    -- running (0), done (1), stopped (2)
    state          smallint    NOT NULL,
    type           text        NOT NULL COLLATE "C",
    code           text        NOT NULL COLLATE "C",
    created_by     text        NOT NULL,
    request_id     text        NOT NULL
);

CREATE INDEX redrives_running ON redrives (id) WHERE state = 0;

-- +goose Down

DROP TABLE redrives;
DROP INDEX tasks_dead_tries;
DROP INDEX tasks_dead_age;
