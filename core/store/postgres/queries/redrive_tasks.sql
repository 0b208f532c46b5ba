-- redrive_tasks turns dead letters into pending tasks: the counts of retries,
-- crashes and lapses begin anew, a deadline that has passed is none any more.
--
-- $1 … $3  id, attempt and redrive_count that the row must show
-- $4       when it became ready: its creation, so that its turn is the old one
--
-- Result: the tasks as they stand now.
UPDATE tasks t
SET status = 0,
    node_id = NULL,
    updated = now(),
    run_at = NULL,
    ready = v.ready,
    retry_count = 0,
    crash_count = 0,
    lapse_count = 0,
    redrive_count = t.redrive_count + 1,
    cancel_requested = false,
    deadline = CASE WHEN t.deadline > now() THEN t.deadline END
FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::timestamptz[]) AS v (id, attempt, redrives, ready)
WHERE t.id = v.id
  AND t.status + 0 = 2
  AND t.attempt = v.attempt
  AND t.redrive_count = v.redrives
RETURNING {living}
