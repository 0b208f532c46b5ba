SELECT format('%s %s', type, unique_key) AS subject,
    format('%s tasks: %s', count(*), left(string_agg(id::text, ' ' ORDER BY id), 400)) AS detail
FROM tasks WHERE status IN (0, 1) AND unique_key IS NOT NULL
GROUP BY type, unique_key HAVING count(*) > 1
