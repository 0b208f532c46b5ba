-- +goose Up

-- leader has one row: the node that does the housekeeping. It leads as long as
-- its lease holds; there is no other clock.
CREATE TABLE leader (
    one     INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    node_id BLOB
) STRICT;

INSERT INTO leader DEFAULT VALUES;

-- +goose Down

DROP TABLE leader;
