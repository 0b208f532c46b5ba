-- forget_redrives deletes redrives that ended longer ago than an age.
--
-- $1  the age
DELETE FROM redrives
WHERE state <> 0 AND updated < now() - $1::interval
