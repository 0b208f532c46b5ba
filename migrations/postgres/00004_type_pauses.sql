-- Pauses of task types. A row stands while nothing of the type is to be claimed.

-- +goose Up

CREATE TABLE type_pauses (
    type      text        NOT NULL COLLATE "C" PRIMARY KEY,
    since     timestamptz NOT NULL,
    -- until: the pause ends by itself then; NULL: it stays until somebody ends it.
    until     timestamptz,
    reason    text        NOT NULL,
    paused_by text        NOT NULL
);

-- +goose Down

DROP TABLE type_pauses;
