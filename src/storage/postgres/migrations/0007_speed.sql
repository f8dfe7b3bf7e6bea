-- Fewer writes for each job: a claim writes a lease and leaves the wide row alone, an attempt is written once, at its
-- end, and the events of a large group are one row.

-- Lines of JSON, one for each attempt that has ended. job_attempt keeps those of older programs and of external jobs.
ALTER TABLE job ADD COLUMN attempt_log text NOT NULL DEFAULT '';
-- "host/pid", kept longer than the row of the worker.
ALTER TABLE job_lease ADD COLUMN worker_name text NOT NULL DEFAULT '';
UPDATE job_lease SET worker_name = worker.host || '/' || worker.pid FROM worker WHERE worker.id = job_lease.worker;
-- The lease stands for the attempt that runs.
DELETE FROM job_attempt WHERE ended_at IS NULL AND job_id IN (SELECT job_id FROM job_lease);

-- `packed` holds the `number` events up to and with `seq`; see detail/event_pack.hpp.
ALTER TABLE event ADD COLUMN number integer NOT NULL DEFAULT 1;
ALTER TABLE event ADD COLUMN packed bytea;
ALTER TABLE event ALTER COLUMN packed SET STORAGE EXTERNAL;

-- Jobs as they are seen: one with a lease runs, though its row may not say so yet.
CREATE VIEW job_seen AS
SELECT id, type, CASE WHEN lease_job IS NULL THEN state ELSE 'running' END AS state, progress, message, owner, input,
       metadata, filename, supplier_id, related_dataset_id, input_file_id, reference_file_id, template_id, result_file_id,
       CASE WHEN lease_job IS NULL THEN error_message ELSE '' END AS error_message, created_at,
       coalesce(lease_at, updated_at) AS updated_at, coalesce(started_at, lease_at) AS started_at, completed_at
FROM job LEFT JOIN (SELECT job_id AS lease_job, claimed_at AS lease_at FROM job_lease) AS lease
     ON lease_job = id AND state = 'queued';

CREATE OR REPLACE VIEW background_jobs AS
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
FROM job_seen;

CREATE OR REPLACE VIEW jobs AS
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
FROM job_seen;

CREATE OR REPLACE VIEW processing_jobs AS
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
FROM job_seen, LATERAL (SELECT regexp_replace(input::text, '(?<!\\)((\\\\)*)\\u0000', '\1\\ufffd', 'g')::json AS clean) AS readable;
