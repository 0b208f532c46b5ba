-- unique_holders finds the tasks that hold unique keys.
--
-- $1, $2  types and keys, in pairs
--
-- Result: type, unique_key, id of each task that holds one.
SELECT t.type, t.unique_key, t.id
FROM unnest($1::text[], $2::text[]) AS v (type, unique_key)
JOIN tasks t ON t.type = v.type AND t.unique_key = v.unique_key
WHERE t.unique_key IS NOT NULL AND t.status IN (0, 1)
