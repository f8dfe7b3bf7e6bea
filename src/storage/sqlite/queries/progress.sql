-- What running jobs say of themselves between two stages; see seen_columns in jobs.sql for how it is shown.

-- name: progress.put
INSERT INTO job_progress (job_id, token, progress, message, at)
SELECT ?1, ?3, ?4, ?5, ?6
WHERE EXISTS (SELECT 1 FROM job_lease WHERE job_id = ?1 AND attempt = ?2 AND token = ?3)
  AND EXISTS (SELECT 1 FROM job WHERE id = ?1 AND progress <= ?4 AND state IN ('queued', 'running'))
ON CONFLICT (job_id) DO UPDATE SET token = excluded.token, progress = excluded.progress, message = excluded.message, at = excluded.at;

-- name: progress.get
SELECT job_id, token, progress, message FROM job_progress WHERE job_id = ?1;

-- name: progress.remove
DELETE FROM job_progress WHERE job_id = ?1;

-- name: progress.forget
-- Of jobs that run no more.
DELETE FROM job_progress WHERE NOT EXISTS (SELECT 1 FROM job_lease WHERE job_lease.job_id = job_progress.job_id);

-- name: progress.newest
-- For PostgreSQL, where other processes have put them; here there are none.
SELECT {seen_columns} FROM job {lease}
WHERE id IN (SELECT job_id FROM job_progress WHERE at > ?1 ORDER BY at LIMIT ?2);
