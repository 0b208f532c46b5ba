-- get_task finds a task among the living and in the history, in one snapshot.
--
-- $1  id
--
-- Result: the task, or no row.
SELECT {living} FROM tasks t WHERE t.id = $1
UNION ALL
SELECT {ended} FROM task_history t WHERE t.id = $1
