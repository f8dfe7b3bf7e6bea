-- Fewer writes for each job: a claim writes a lease and leaves the wide row alone, an attempt is written once, at its
-- end, and the events of a large group are one row.

-- Lines of JSON, one for each attempt that has ended. job_attempt keeps those of older programs and of external jobs.
ALTER TABLE job ADD COLUMN attempt_log TEXT NOT NULL DEFAULT '';
-- "host/pid", kept longer than the row of the worker.
ALTER TABLE job_lease ADD COLUMN worker_name TEXT NOT NULL DEFAULT '';
UPDATE job_lease SET worker_name = coalesce((SELECT host || '/' || pid FROM worker WHERE worker.id = job_lease.worker), '');
-- The lease stands for the attempt that runs.
DELETE FROM job_attempt WHERE ended_at IS NULL AND job_id IN (SELECT job_id FROM job_lease);

-- `packed` holds the `number` events up to and with `seq`; see detail/event_pack.hpp.
ALTER TABLE event ADD COLUMN number INTEGER NOT NULL DEFAULT 1;
ALTER TABLE event ADD COLUMN packed BLOB;

-- Jobs as they are seen: one with a lease runs, though its row may not say so yet.
CREATE VIEW job_seen AS
SELECT id, type, CASE WHEN lease_job IS NULL THEN state ELSE 'running' END AS state, progress, message, owner, input,
       metadata, filename, supplier_id, related_dataset_id, input_file_id, reference_file_id, template_id, result_file_id,
       CASE WHEN lease_job IS NULL THEN error_message ELSE '' END AS error_message, created_at,
       coalesce(lease_at, updated_at) AS updated_at, coalesce(started_at, lease_at) AS started_at, completed_at
FROM job LEFT JOIN (SELECT job_id AS lease_job, claimed_at AS lease_at FROM job_lease) AS lease
     ON lease_job = id AND state = 'queued';

DROP VIEW background_jobs;
DROP VIEW jobs;
DROP VIEW processing_jobs;
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
FROM job_seen;

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
FROM job_seen;

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
FROM job_seen;
