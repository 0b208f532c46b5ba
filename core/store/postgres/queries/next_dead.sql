-- next_dead locks the next dead letters of a job, by id.
--
-- $1        the last id that was looked at
-- $2        only what was given up before that time
-- $3, $4    type and code of the error; NULL is any
-- $5        how many at most
--
-- Result: tasks.
SELECT {living}
FROM tasks t
WHERE t.status = 2 AND t.id > $1 AND t.updated <= $2
  AND ($3::text IS NULL OR t.type = $3)
  AND ($4::text IS NULL OR substring(t.error::text FROM '^."code":"([^"]*)"') = $4)
ORDER BY t.id
LIMIT $5
FOR UPDATE
