-- dead_with_work lists dead nodes that still own running tasks.
--
-- Result: ids.
SELECT n.id
FROM nodes n
WHERE n.dead_at IS NOT NULL
  AND EXISTS (SELECT FROM tasks t WHERE t.status = 1 AND t.node_id = n.id)
ORDER BY n.id
