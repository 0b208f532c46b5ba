-- evict_dead deletes dead letters.
--
-- $1 … $3  id, attempt and redrive_count that the row must show
--
-- Result: the ids of those that were there.
DELETE FROM tasks t
USING unnest($1::uuid[], $2::integer[], $3::integer[]) AS v (id, attempt, redrives)
WHERE t.id = v.id
  AND t.status + 0 = 2
  AND t.attempt = v.attempt
  AND t.redrive_count = v.redrives
RETURNING t.id
