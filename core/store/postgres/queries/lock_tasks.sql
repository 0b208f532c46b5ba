-- lock_tasks locks rows in the order of their ids, before statements of one
-- transaction change them in another order.
--
-- $1  ids
SELECT FROM tasks
WHERE id = ANY ($1::uuid[])
ORDER BY id
FOR UPDATE
