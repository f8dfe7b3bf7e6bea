-- define: upload_columns
id, owner, org_id, part, length_bytes, received_bytes, metadata, concat, sha256, job_id, expires_at, created_at

-- name: uploads.insert
INSERT INTO upload ({upload_columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO NOTHING;

-- name: uploads.lock
SELECT id FROM upload WHERE id = ?1 AND received_bytes = ?2;

-- name: uploads.advance
UPDATE upload SET received_bytes = ?2, length_bytes = coalesce(length_bytes, ?3), sha256 = ?4, expires_at = ?5 WHERE id = ?1;

-- name: uploads.remove
DELETE FROM upload WHERE id = ?1;

-- name: uploads.get
SELECT {upload_columns} FROM upload WHERE id = ?1;

-- name: uploads.to_accept
SELECT {upload_columns} FROM upload
WHERE id IN (SELECT id FROM file INDEXED BY file_receiving WHERE state = 'receiving') AND sha256 <> '' ORDER BY id;

-- name: uploads.expired
SELECT {upload_columns} FROM upload WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2;
