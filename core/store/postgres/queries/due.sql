-- due lists pending tasks whose run_at has come, the earliest first.
--
-- $1  those up to this time are known already
-- $2  how many at most; tasks with the run_at of the last one come on top, since
--     the next call begins after it
--
-- Result: now and the hint; without any, one row whose id is NULL.
SELECT c.now, d.id, d.type, d.priority, d.ready, d.run_at
FROM (SELECT now() AS now) c
LEFT JOIN LATERAL (
    SELECT id, type, priority, ready, run_at
    FROM tasks
    WHERE status = 0 AND run_at IS NOT NULL AND run_at > $1::timestamptz AND run_at <= now()
    ORDER BY run_at
    FETCH FIRST ($2::bigint) ROWS WITH TIES
) d ON true
ORDER BY d.run_at, d.id
