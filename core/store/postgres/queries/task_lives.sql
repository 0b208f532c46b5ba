-- task_lives tells whether a task is pending or running.
--
-- $1  id
--
-- Result: one truth value.
SELECT EXISTS (SELECT FROM tasks t WHERE t.id = $1 AND t.status IN (0, 1))
