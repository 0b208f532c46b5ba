-- Cron schedules. A row stands for each schedule that was ever in force.

-- +goose Up

-- position is the time up to which all fire times are dealt with. It only moves
-- forward, in the transaction that writes the task: so a fire time makes at most
-- one task, whoever leads.
CREATE TABLE schedules (
    name      TEXT    NOT NULL PRIMARY KEY,
    -- hash of the expression and the zone that the position belongs to
    hash      TEXT    NOT NULL,
    position  INTEGER NOT NULL,
    last_fire INTEGER,
    last_task BLOB,
    -- paused_at: NULL when the schedule is not paused
    paused_at INTEGER,
    paused_by TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down

DROP TABLE schedules;
