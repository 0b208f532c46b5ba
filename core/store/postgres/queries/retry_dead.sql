-- retry_dead locks dead letters whose turn has come to be retried by themselves:
-- redriven n times so far, fewer than the limit, given up the back-off times 2ⁿ
-- ago. Those that others hold are passed over, as are those whose unique key is
-- taken.
--
-- $1, $2, $3  limit, back-off, how many at most
--
-- Result: tasks, by id.
SELECT {living}
FROM tasks t
WHERE t.status = 2
  AND t.id = ANY (ARRAY (
        SELECT d.id
        FROM generate_series(0, least($1::integer, 62) - 1) AS n
        CROSS JOIN LATERAL (
            SELECT c.id
            FROM tasks c
            WHERE c.status = 2 AND c.redrive_count = n
              AND c.updated <= now() - least(power(2, n) * extract(epoch FROM $2::interval)::float8, 1e9) * interval '1 second'
              AND (c.unique_key IS NULL OR NOT EXISTS (
                    SELECT FROM tasks h
                    WHERE h.type = c.type AND h.unique_key = c.unique_key AND h.unique_key IS NOT NULL AND h.status IN (0, 1)
                ))
            ORDER BY c.updated, c.id
            LIMIT $3
        ) d
        LIMIT $3
    ))
ORDER BY t.id
FOR UPDATE SKIP LOCKED
