-- What running jobs say of themselves between two stages: rewritten twice a second, kept beside the wide rows of the jobs.
CREATE TABLE job_progress (
    job_id BLOB NOT NULL PRIMARY KEY,
    token BLOB NOT NULL,  -- of the lease under which it was said
    progress INTEGER NOT NULL,
    message TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

DROP VIEW job_seen;
-- Jobs as they are seen: one with a lease runs, though its row may not say so yet.
CREATE VIEW job_seen AS
SELECT id, type, CASE WHEN lease_job IS NULL THEN state ELSE 'running' END AS state,
       CASE WHEN shown_progress > progress THEN shown_progress ELSE progress END AS progress,
       coalesce(shown_message, message) AS message, owner, input,
       metadata, filename, supplier_id, related_dataset_id, input_file_id, reference_file_id, template_id, result_file_id,
       CASE WHEN lease_job IS NULL THEN error_message ELSE '' END AS error_message, created_at,
       CASE WHEN shown_at > coalesce(lease_at, updated_at) THEN shown_at ELSE coalesce(lease_at, updated_at) END AS updated_at, coalesce(started_at, lease_at) AS started_at, completed_at
FROM job LEFT JOIN (SELECT job_id AS lease_job, claimed_at AS lease_at FROM job_lease) AS lease
     ON lease_job = id AND state = 'queued'
LEFT JOIN (SELECT job_progress.job_id AS shown_job, progress AS shown_progress, message AS shown_message, at AS shown_at
           FROM job_progress JOIN job_lease ON job_lease.job_id = job_progress.job_id AND job_lease.token = job_progress.token) AS shown
     ON shown_job = id AND completed_at IS NULL;
