-- claim_tasks turns pending tasks into running ones of a node.
--
-- $1  ids of the tasks; hints, so those that cannot be claimed are passed over
-- $2  the node, whose lease must hold by the clock of the database
--
-- status + 0: with a plain status = 0 the planner would read the whole index of
-- waiting tasks. Rows that somebody else has locked are not waited for. The
-- outer guard repeats the inner one, since a row may change until it is locked.
--
-- Result: the tasks as they are now, in no order.
UPDATE tasks t
SET status = 1, attempt = t.attempt + 1, node_id = $2, started_at = now(), updated = now()
WHERE t.id = ANY (ARRAY(
        SELECT w.id
        FROM tasks w
        WHERE w.id = ANY ($1::uuid[])
          AND w.status + 0 = 0
          AND NOT w.cancel_requested
          AND (w.run_at IS NULL OR w.run_at <= now())
          AND (w.deadline IS NULL OR w.deadline > now())
        FOR UPDATE SKIP LOCKED
    ))
  AND t.status + 0 = 0
  AND EXISTS (
        SELECT FROM nodes n
        WHERE n.id = $2 AND n.dead_at IS NULL AND n.lease_until > clock_timestamp()
    )
RETURNING {living}
