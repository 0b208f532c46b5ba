SELECT hex(t.id) AS subject, 'living with status ' || t.status || ', ended with status ' || h.status AS detail
FROM tasks t JOIN task_history h ON h.id = t.id
