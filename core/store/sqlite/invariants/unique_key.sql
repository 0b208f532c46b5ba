SELECT type || ' ' || unique_key AS subject,
    count(*) || ' tasks: ' || substr(group_concat(hex(id), ' '), 1, 400) AS detail
FROM tasks WHERE status IN (0, 1) AND unique_key IS NOT NULL
GROUP BY type, unique_key HAVING count(*) > 1
