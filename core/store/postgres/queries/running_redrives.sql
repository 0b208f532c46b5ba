-- running_redrives lists the jobs that are not at their end, oldest first.
--
-- Result: ids.
SELECT id FROM redrives WHERE state = 0 ORDER BY id
