-- Pauses of task types. A row stands while nothing of the type is to be claimed.

-- +goose Up

CREATE TABLE type_pauses (
    type      TEXT    NOT NULL PRIMARY KEY,
    since     INTEGER NOT NULL,
    -- until: the pause ends by itself then; NULL: it stays until somebody ends it.
    until     INTEGER,
    reason    TEXT    NOT NULL,
    paused_by TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down

DROP TABLE type_pauses;
