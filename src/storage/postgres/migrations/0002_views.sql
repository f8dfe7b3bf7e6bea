-- The tables of the first designs, as views for those who read the database directly.
-- json keeps every character that JSON knows, but PostgreSQL cannot look into a text with U+0000: it is shown as U+FFFD.
-- The lookbehind and the pairs of backslashes leave an escaped backslash before "u0000" alone.

CREATE VIEW background_jobs AS
SELECT id,
       type AS job_type,
       CASE state WHEN 'completed' THEN 'completed' WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'failed'
                  ELSE 'running' END AS status,
       progress,
       related_dataset_id,
       owner AS created_by,
       created_at,
       started_at,
       completed_at,
       nullif(error_message, '') AS error_message,
       regexp_replace(metadata::text, '(?<!\\)((\\\\)*)\\u0000', '\1\\ufffd', 'g')::jsonb ||
           jsonb_strip_nulls(jsonb_build_object('filename', nullif(filename, ''), 'supplier_id', supplier_id,
                                                'dataset_id', related_dataset_id)) AS job_metadata,
       updated_at,
       nullif(filename, '') AS filename
FROM job;

CREATE VIEW jobs AS
SELECT id,
       owner AS user_id,
       CASE state WHEN 'running' THEN 'processing' WHEN 'cancelling' THEN 'processing' WHEN 'completed' THEN 'completed'
                  WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'cancelled' ELSE 'pending' END AS status,
       progress,
       input_file_id,
       reference_file_id,
       template_id,
       result_file_id,
       nullif(error_message, '') AS error_message,
       created_at,
       updated_at
FROM job;

CREATE VIEW processing_jobs AS
SELECT id,
       clean ->> 'source_id' AS source_id,
       coalesce(clean ->> 'resource_type', 'file') AS resource_type,
       CASE state WHEN 'running' THEN 'processing' WHEN 'cancelling' THEN 'processing' WHEN 'completed' THEN 'completed'
                  WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'failed' ELSE 'queued' END AS status,
       message AS progress_message,
       result_file_id,
       nullif(error_message, '') AS error_message,
       created_at,
       updated_at
FROM job, LATERAL (SELECT regexp_replace(input::text, '(?<!\\)((\\\\)*)\\u0000', '\1\\ufffd', 'g')::json AS clean) AS readable;
