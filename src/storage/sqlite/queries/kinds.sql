-- define: kind_columns
name, type, label, attempts_max, options, updated_at

-- name: kinds.put
INSERT INTO job_kind ({kind_columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (name) DO UPDATE SET type = excluded.type, label = excluded.label, attempts_max = excluded.attempts_max,
    options = excluded.options, updated_at = excluded.updated_at;

-- name: kinds.get
SELECT {kind_columns} FROM job_kind WHERE name = ?1;

-- name: kinds.list
SELECT {kind_columns} FROM job_kind ORDER BY name;
