-- count_dead counts the dead letters of a filter.
--
-- $1, $2  type and code of the error; NULL is any
--
-- A code is compared as JSON text: it needs no unescaping, which would fail on
-- what a message may hold.
--
-- Result: the number.
SELECT count(*)
FROM tasks t
WHERE t.status = 2
  AND ($1::text IS NULL OR t.type = $1)
  AND ($2::text IS NULL OR (t.error -> 'code')::text = to_json($2::text)::text)
