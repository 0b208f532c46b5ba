-- ask_cancel asks for the end of a running task.
--
-- $1  id
UPDATE tasks t
SET cancel_requested = true, updated = now()
WHERE t.id = $1 AND t.status + 0 = 1 AND NOT t.cancel_requested
