-- list_tasks looks at the newest tasks below a cursor, a chunk of each table,
-- and returns those that fit the filter.
--
-- $1, $2    lower (inclusive) and upper (exclusive) bound of the ids
-- $3        how many rows of each table to look at
-- $4        how many to return at most
-- $5        whether to look among the living, $6 in the history
-- $7        status by which the living are walked, $8 by which the history is
--           (pending tasks are found by walking the key: nearly all of the living
--           are, and their own index, in another order, would be read whole)
-- $9        type by which the history is walked; these three have an index
-- $10 … $13 type, status, priority, created_by that a row must have
-- $14, $15  keys of its metadata, and the text of each
--
-- NULL stands for "any". Plans are made for the values at hand, so that what is
-- NULL costs nothing and partitions outside the bounds are left out.
--
-- Result: edge, the id down to which everything was looked at, with each task;
-- one row with the edge alone when none fits.
WITH living AS MATERIALIZED (
    SELECT {living}
    FROM tasks t
    WHERE $5::boolean AND t.id >= $1::uuid AND t.id < $2::uuid
      AND ($7::smallint IS NULL OR CASE WHEN $7 = 0 THEN t.status + 0 = 0 ELSE t.status = $7 END)
    ORDER BY t.id DESC
    LIMIT $3::integer
), ended AS MATERIALIZED (
    SELECT {ended}
    FROM task_history t
    WHERE $6::boolean AND t.id >= $1::uuid AND t.id < $2::uuid
      AND ($8::smallint IS NULL OR t.status = $8)
      AND ($9::text IS NULL OR t.type = $9)
    ORDER BY t.id DESC
    LIMIT $3::integer
), edge AS (
    SELECT coalesce(greatest(
        (SELECT id FROM living ORDER BY id DESC OFFSET $3::integer - 1 LIMIT 1),
        (SELECT id FROM ended ORDER BY id DESC OFFSET $3::integer - 1 LIMIT 1)
    ), $1::uuid) AS id
)
SELECT edge.id AS edge, f.*
FROM edge
LEFT JOIN LATERAL (
    SELECT *
    FROM (SELECT * FROM living UNION ALL SELECT * FROM ended) r
    WHERE r.id >= edge.id
      AND ($10::text IS NULL OR r.type = $10)
      AND ($11::smallint IS NULL OR r.status = $11)
      AND ($12::smallint IS NULL OR r.priority = $12)
      AND ($13::text IS NULL OR r.created_by = $13)
      AND NOT EXISTS (
            SELECT FROM unnest($14::text[], $15::text[]) AS m (key, value)
            WHERE r.metadata ->> m.key IS DISTINCT FROM m.value
        )
    ORDER BY r.id DESC
    LIMIT $4::integer
) f ON true
ORDER BY f.id DESC
