-- cancels_standing tells which attempts still run although they should go back
-- to pending, since their end was asked for.
--
-- $1 … $4  positions, ids, attempts and new statuses of the settlements
--
-- Result: the positions of these.
SELECT v.position
FROM unnest($1::integer[], $2::uuid[], $3::integer[], $4::smallint[]) AS v (position, id, attempt, to_status)
JOIN tasks t ON t.id = v.id AND t.attempt = v.attempt
WHERE v.to_status = 0 AND t.status + 0 = 1 AND t.cancel_requested
