-- define: source_columns
id, owner, org_id, name, source_type, description, config, builtin, created_at, updated_at

-- define: submission_columns
job_id, source_id, owner, org_id, resource_type, url, created_at

-- name: sources.put
INSERT INTO data_source ({source_columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, config = excluded.config,
    updated_at = excluded.updated_at WHERE NOT data_source.builtin;

-- name: sources.remove
DELETE FROM data_source WHERE id = ?1 AND NOT builtin;

-- name: sources.get
SELECT {source_columns} FROM data_source WHERE id = ?1;

-- name: sources.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {source_columns} FROM data_source;

-- name: submissions.put
INSERT INTO submission ({submission_columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (job_id) DO NOTHING;

-- name: submissions.get
SELECT {submission_columns} FROM submission WHERE job_id = ?1;

-- name: submissions.of_source
SELECT {submission_columns} FROM submission WHERE source_id = ?1 AND job_id < ?2 ORDER BY job_id DESC LIMIT ?3;

-- name: submissions.of_owner
SELECT {submission_columns} FROM submission WHERE source_id = ?1 AND owner = ?4 AND job_id < ?2 ORDER BY job_id DESC LIMIT ?3;
