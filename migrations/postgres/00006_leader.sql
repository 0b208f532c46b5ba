-- +goose Up

-- leader has one row: the node that does the housekeeping. It leads as long as
-- its lease holds; there is no other clock.
CREATE TABLE leader (
    one     boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (one),
    node_id uuid
);

INSERT INTO leader DEFAULT VALUES;

-- +goose Down

DROP TABLE leader;
