-- What running jobs say of themselves between two stages. Kept in a table that is not logged, so that 2,000 jobs which
-- report twice a second cost the log nothing; see seen_columns in jobs.sql for how it is shown.

-- name: progress.put
-- rows: job_id uuid, attempt integer, token uuid, progress integer, message text, at timestamptz
INSERT INTO job_progress (job_id, token, progress, message, at, put_at)
SELECT told.job_id, told.token, told.progress, told.message, told.at, clock_timestamp()
FROM unnest($1::{rows}[]) AS told
JOIN job_lease ON job_lease.job_id = told.job_id AND job_lease.attempt = told.attempt AND job_lease.token = told.token
JOIN job ON job.id = told.job_id AND job.progress <= told.progress AND job.state IN ('queued', 'running')
ON CONFLICT (job_id) DO UPDATE
SET token = excluded.token, progress = excluded.progress, message = excluded.message, at = excluded.at, put_at = excluded.put_at
RETURNING job_id;

-- name: progress.get
-- rows: wanted_id uuid
SELECT job_id, token, progress, message FROM unnest($1::{rows}[]) AS wanted JOIN job_progress ON job_progress.job_id = wanted.wanted_id;

-- name: progress.remove
DELETE FROM job_progress WHERE job_id = $1;

-- name: progress.forget
-- Of jobs that run no more.
DELETE FROM job_progress WHERE NOT EXISTS (SELECT 1 FROM job_lease WHERE job_lease.job_id = job_progress.job_id);

-- name: progress.newest
-- What was put within the last $1 microseconds, with all that is shown of the jobs.
SELECT {seen_columns} FROM job {lease}
WHERE id IN (SELECT job_id FROM job_progress WHERE put_at > clock_timestamp() - $1::bigint * interval '1 microsecond' ORDER BY put_at LIMIT $2)
  AND completed_at IS NULL;
