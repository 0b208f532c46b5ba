-- lock_task locks one living task, whoever holds it now.
--
-- $1  id
--
-- Result: the time of this transaction and the task.
SELECT now(), {living}
FROM tasks t
WHERE t.id = $1
FOR UPDATE
