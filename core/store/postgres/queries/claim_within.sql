-- claim_within is claim_tasks for at most so many tasks, those whose ids stand
-- first.
--
-- $1  ids of the tasks; hints, so those that cannot be claimed are passed over
-- $2  the node, whose lease must hold by the clock of the database
-- $3  type
-- $4  how many at most
--
-- See claim_tasks for the guards.
--
-- Result: the tasks as they are now, in no order.
UPDATE tasks t
SET status = 1, attempt = t.attempt + 1, node_id = $2, started_at = now(), updated = now()
WHERE t.id = ANY (ARRAY(
        SELECT w.id
        FROM tasks w
        WHERE w.id = ANY ($1::uuid[])
          AND w.status + 0 = 0
          AND w.type = $3
          AND NOT w.cancel_requested
          AND (w.run_at IS NULL OR w.run_at <= now())
          AND (w.deadline IS NULL OR w.deadline > now())
        ORDER BY array_position($1::uuid[], w.id)
        LIMIT $4
        FOR UPDATE SKIP LOCKED
    ))
  AND t.status + 0 = 0
  AND EXISTS (
        SELECT FROM nodes n
        WHERE n.id = $2 AND n.dead_at IS NULL AND n.lease_until > clock_timestamp()
    )
RETURNING {living}
