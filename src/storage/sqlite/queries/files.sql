-- define: file_columns
id, owner, org_id, state, filename, media_type, job_id, server, size_bytes, sha256, created_at, updated_at

-- name: files.insert
INSERT INTO file ({file_columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO NOTHING;

-- name: files.receiving
SELECT id FROM file WHERE id = ?1 AND state = 'receiving';

-- name: files.accept
UPDATE file SET state = 'stored', size_bytes = ?2, sha256 = ?3, media_type = ?4, updated_at = ?5
WHERE id = ?1 AND state = 'receiving' RETURNING {file_columns};

-- name: files.abort
UPDATE file SET state = 'aborted', updated_at = ?2 WHERE id = ?1 AND state = 'receiving';

-- name: files.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {file_columns} FROM file;

-- name: files.get
SELECT {file_columns} FROM file WHERE id = ?1;

-- name: files.abandoned
SELECT {file_columns} FROM file INDEXED BY file_receiving
WHERE state = 'receiving' AND NOT EXISTS (SELECT 1 FROM worker WHERE worker.id = file.server)
  -- What a final upload is made of may be sent again as a whole; nobody goes on with it.
  AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.id = file.id AND (part <> 'final' OR upload.sha256 <> ''))
ORDER BY id;

-- name: files.referenced
SELECT value AS sha256 FROM json_each(?1)
WHERE EXISTS (SELECT 1 FROM file WHERE sha256 = value AND sha256 <> '')
   OR EXISTS (SELECT 1 FROM upload WHERE upload.sha256 = value AND upload.sha256 <> '')
   OR EXISTS (SELECT 1 FROM dataset WHERE table_blob = value AND table_blob <> '')
   OR EXISTS (SELECT 1 FROM dataset WHERE text_blob = value AND text_blob <> '')
   OR EXISTS (SELECT 1 FROM dataset WHERE rejects_blob = value AND rejects_blob <> '');
