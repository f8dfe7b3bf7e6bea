-- The tables of the first designs, as views for those who read the database directly.

CREATE VIEW background_jobs AS
SELECT lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || '-' ||
             substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)) AS id,
       type AS job_type,
       CASE state WHEN 'completed' THEN 'completed' WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'failed'
                  ELSE 'running' END AS status,
       progress,
       nullif(lower(substr(hex(related_dataset_id), 1, 8) || '-' || substr(hex(related_dataset_id), 9, 4) || '-' ||
             substr(hex(related_dataset_id), 13, 4) || '-' || substr(hex(related_dataset_id), 17, 4) || '-' ||
             substr(hex(related_dataset_id), 21)), '----') AS related_dataset_id,
       lower(substr(hex(owner), 1, 8) || '-' || substr(hex(owner), 9, 4) || '-' || substr(hex(owner), 13, 4) || '-' ||
             substr(hex(owner), 17, 4) || '-' || substr(hex(owner), 21)) AS created_by,
       strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch') || printf('.%06dZ', created_at % 1000000)
           AS created_at,
       strftime('%Y-%m-%dT%H:%M:%S', started_at / 1000000, 'unixepoch') || printf('.%06dZ', started_at % 1000000)
           AS started_at,
       strftime('%Y-%m-%dT%H:%M:%S', completed_at / 1000000, 'unixepoch') || printf('.%06dZ', completed_at % 1000000)
           AS completed_at,
       nullif(error_message, '') AS error_message,
       json_patch(metadata, json_object('filename', nullif(filename, ''), 'supplier_id', supplier_id, 'dataset_id',
           nullif(lower(substr(hex(related_dataset_id), 1, 8) || '-' || substr(hex(related_dataset_id), 9, 4) || '-' ||
                 substr(hex(related_dataset_id), 13, 4) || '-' || substr(hex(related_dataset_id), 17, 4) || '-' ||
                 substr(hex(related_dataset_id), 21)), '----'))) AS job_metadata,
       strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch') || printf('.%06dZ', updated_at % 1000000)
           AS updated_at,
       nullif(filename, '') AS filename
FROM job;

CREATE VIEW jobs AS
SELECT lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || '-' ||
             substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)) AS id,
       lower(substr(hex(owner), 1, 8) || '-' || substr(hex(owner), 9, 4) || '-' || substr(hex(owner), 13, 4) || '-' ||
             substr(hex(owner), 17, 4) || '-' || substr(hex(owner), 21)) AS user_id,
       CASE state WHEN 'running' THEN 'processing' WHEN 'cancelling' THEN 'processing' WHEN 'completed' THEN 'completed'
                  WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'cancelled' ELSE 'pending' END AS status,
       progress,
       nullif(lower(substr(hex(input_file_id), 1, 8) || '-' || substr(hex(input_file_id), 9, 4) || '-' ||
             substr(hex(input_file_id), 13, 4) || '-' || substr(hex(input_file_id), 17, 4) || '-' ||
             substr(hex(input_file_id), 21)), '----') AS input_file_id,
       nullif(lower(substr(hex(reference_file_id), 1, 8) || '-' || substr(hex(reference_file_id), 9, 4) || '-' ||
             substr(hex(reference_file_id), 13, 4) || '-' || substr(hex(reference_file_id), 17, 4) || '-' ||
             substr(hex(reference_file_id), 21)), '----') AS reference_file_id,
       nullif(lower(substr(hex(template_id), 1, 8) || '-' || substr(hex(template_id), 9, 4) || '-' ||
             substr(hex(template_id), 13, 4) || '-' || substr(hex(template_id), 17, 4) || '-' ||
             substr(hex(template_id), 21)), '----') AS template_id,
       nullif(lower(substr(hex(result_file_id), 1, 8) || '-' || substr(hex(result_file_id), 9, 4) || '-' ||
             substr(hex(result_file_id), 13, 4) || '-' || substr(hex(result_file_id), 17, 4) || '-' ||
             substr(hex(result_file_id), 21)), '----') AS result_file_id,
       nullif(error_message, '') AS error_message,
       strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch') || printf('.%06dZ', created_at % 1000000)
           AS created_at,
       strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch') || printf('.%06dZ', updated_at % 1000000)
           AS updated_at
FROM job;

CREATE VIEW processing_jobs AS
SELECT lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || '-' ||
             substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)) AS id,
       json_extract(input, '$.source_id') AS source_id,
       coalesce(json_extract(input, '$.resource_type'), 'file') AS resource_type,
       CASE state WHEN 'running' THEN 'processing' WHEN 'cancelling' THEN 'processing' WHEN 'completed' THEN 'completed'
                  WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'failed' ELSE 'queued' END AS status,
       message AS progress_message,
       nullif(lower(substr(hex(result_file_id), 1, 8) || '-' || substr(hex(result_file_id), 9, 4) || '-' ||
             substr(hex(result_file_id), 13, 4) || '-' || substr(hex(result_file_id), 17, 4) || '-' ||
             substr(hex(result_file_id), 21)), '----') AS result_file_id,
       nullif(error_message, '') AS error_message,
       strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch') || printf('.%06dZ', created_at % 1000000)
           AS created_at,
       strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch') || printf('.%06dZ', updated_at % 1000000)
           AS updated_at
FROM job;
