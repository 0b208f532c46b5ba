-- Cron schedules. A row stands for each schedule that was ever in force.

-- +goose Up

-- position is the time up to which all fire times are dealt with. It only moves
-- forward, in the transaction that writes the task: so a fire time makes at most
-- one task, whoever leads.
CREATE TABLE schedules (
    name      text        NOT NULL COLLATE "C" PRIMARY KEY,
    -- hash of the expression and the zone that the position belongs to
    hash      text        NOT NULL COLLATE "C",
    position  timestamptz NOT NULL,
    last_fire timestamptz,
    last_task uuid,
    -- paused_at: NULL when the schedule is not paused
    paused_at timestamptz,
    paused_by text        NOT NULL COLLATE "C"
);

-- +goose Down

DROP TABLE schedules;
