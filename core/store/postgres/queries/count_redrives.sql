-- count_redrives counts the jobs that are not at their end.
--
-- Result: the number.
SELECT count(*) FROM redrives WHERE state = 0
