-- update_redrive moves a running job on.
--
-- $1 … $7  id, updated, next_at, position, redriven, skipped, state
UPDATE redrives
SET updated = $2, next_at = $3, position = $4, redriven = $5, skipped = $6, state = $7
WHERE id = $1 AND state = 0
