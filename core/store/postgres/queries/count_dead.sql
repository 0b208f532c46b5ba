-- count_dead counts the dead letters of a filter.
--
-- $1, $2  type and code of the error; NULL is any
--
-- The code is read as text: the operators of json fail on an escape that is no
-- text (\u0000) anywhere in the document. The store writes the code first.
--
-- Result: the number.
SELECT count(*)
FROM tasks t
WHERE t.status = 2
  AND ($1::text IS NULL OR t.type = $1)
  AND ($2::text IS NULL OR substring(t.error::text FROM '^."code":"([^"]*)"') = $2)
