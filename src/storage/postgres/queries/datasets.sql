-- define: dataset_columns
id, owner, org_id, name, filename, supplier_id, job_id, file_id, sha256, version, format, size_bytes, row_count, rows_in,
rows_rejected, rows_reported, column_count, columns, report, table_blob, text_blob, rejects_blob, created_at,
table_number, series_id, parent_id, mode, key_columns, contract, changes

-- name: datasets.same_content
-- Two in one: these bytes read once more, or this place among the versions taken by another.
SELECT id FROM dataset WHERE owner = $1 AND sha256 = $2 AND version = $3 AND table_number = $4 AND id <> $5 AND mode = 'import' AND $6 = 'import'
UNION ALL
SELECT id FROM dataset WHERE coalesce(series_id, id) = $7 AND version = $3 AND id <> $5
LIMIT 1;

-- name: datasets.exists
SELECT id FROM dataset WHERE id = $1;

-- name: datasets.insert
INSERT INTO dataset ({dataset_columns})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
        $26, $27, $28, $29, $30);

-- name: datasets.replace
UPDATE dataset SET owner = $2, org_id = $3, name = $4, filename = $5, supplier_id = $6, job_id = $7, file_id = $8,
       sha256 = $9, version = $10, format = $11, size_bytes = $12, row_count = $13, rows_in = $14, rows_rejected = $15,
       rows_reported = $16, column_count = $17, columns = $18, report = $19, table_blob = $20, text_blob = $21,
       rejects_blob = $22, created_at = $23, table_number = $24,
       series_id = $25, parent_id = $26, mode = $27, key_columns = $28, contract = $29, changes = $30
WHERE id = $1;

-- name: datasets.remove
DELETE FROM dataset WHERE id = $1 RETURNING {dataset_columns};

-- name: datasets.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {dataset_columns} FROM dataset;

-- name: datasets.get
SELECT {dataset_columns} FROM dataset WHERE id = $1;

-- name: datasets.by_content
SELECT {dataset_columns} FROM dataset WHERE owner = $1 AND sha256 = $2 AND table_number = $3 AND mode = 'import'
ORDER BY version DESC LIMIT 1;

-- name: datasets.newest_version
SELECT version FROM dataset WHERE owner = $1 AND sha256 = $2 AND mode = 'import' ORDER BY version DESC LIMIT 1;

-- name: datasets.tables
SELECT id FROM dataset WHERE owner = $1 AND sha256 = $2 AND job_id = $3 AND mode = 'import' ORDER BY table_number;

-- name: datasets.newest_of_series
SELECT {dataset_columns} FROM dataset WHERE coalesce(series_id, id) = $1 ORDER BY version DESC LIMIT 1;
