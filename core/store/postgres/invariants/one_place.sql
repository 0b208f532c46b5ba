SELECT t.id::text AS subject, format('living with status %s, ended with status %s', t.status, h.status) AS detail
FROM tasks t JOIN task_history h USING (id)
