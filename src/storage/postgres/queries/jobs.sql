-- define: job_columns
id, kind, type, state, progress, stage, message, queue, priority, attempt, attempts_max, losses, crashes, run_at,
owner, org_id, parent, input, metadata, result, filename, supplier_id, related_dataset_id, input_file_id,
reference_file_id, template_id, result_file_id, error_code, error_message, created_at, updated_at, started_at,
completed_at, turn, schedule_id, tags, options, limit_key, unique_key, cache_key, deadline, waiting_on, needed, children,
checkpoint, acknowledged_at

-- name: jobs.lock
-- Without input and result: they may be large and no transition looks at them. The lock orders this transaction among
-- those of other processes that change the job; NO KEY, because the id never changes.
SELECT id, kind, type, state, progress, stage, message, queue, priority, attempt, attempts_max, losses, crashes, run_at,
       owner, org_id, parent, '{}'::json AS input, metadata, NULL::json AS result, filename, supplier_id, related_dataset_id,
       input_file_id, reference_file_id, template_id, result_file_id, error_code, error_message, created_at, updated_at,
       started_at, completed_at, turn, schedule_id, tags, options, limit_key, unique_key, cache_key, deadline, waiting_on, needed, children,
       NULL::json AS checkpoint, acknowledged_at
FROM job WHERE id = $1 FOR NO KEY UPDATE;

-- name: jobs.lock_lease
SELECT attempt, token, worker FROM job_lease WHERE job_id = $1;

-- name: jobs.input
SELECT input FROM job WHERE id = $1;

-- name: jobs.insert
INSERT INTO job ({job_columns})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
        $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40,
        $41, $42, $43, $44, $45, $46);

-- name: jobs.save
-- A completed job has no next attempt, so nothing is kept for it.
UPDATE job SET state = $2, progress = $3, stage = $4, message = $5, attempt = $6, losses = $7, crashes = $8, run_at = $9,
       metadata = $10, result = CASE WHEN $11::boolean THEN $12::json ELSE result END, supplier_id = $13, related_dataset_id = $14,
       result_file_id = $15, error_code = $16, error_message = $17, updated_at = $18, started_at = $19,
       completed_at = $20, turn = $21, checkpoint = CASE WHEN $2 = 'completed' THEN NULL ELSE checkpoint END
WHERE id = $1;

-- name: jobs.save_more
-- What few transitions touch.
UPDATE job SET priority = $2, tags = $3, waiting_on = $4, children = $5, acknowledged_at = $6, options = $7,
       needed = $8, deadline = $9
WHERE id = $1;

-- name: jobs.save_checkpoint
UPDATE job SET checkpoint = $2 WHERE id = $1;

-- name: jobs.set_turn
UPDATE job SET turn = $2 WHERE id = $1;

-- name: jobs.save_input
UPDATE job SET input = $2 WHERE id = $1;

-- name: jobs.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {job_columns} FROM job;

-- name: jobs.get
SELECT {job_columns} FROM job WHERE id = $1;

-- name: jobs.active_own
-- Four short ranges of two partial indexes. The rows come from the branches and not from a join on the id, for which a
-- planner without good statistics would scan the table.
SELECT {job_columns} FROM (
    (SELECT {job_columns} FROM job WHERE owner = $1 AND completed_at IS NULL ORDER BY id DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE owner = $1 AND state = 'completed' AND completed_at >= $2
     ORDER BY completed_at DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE owner = $1 AND state = 'failed' AND completed_at >= $3
     ORDER BY completed_at DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE owner = $1 AND state = 'cancelled' AND completed_at >= $3
     ORDER BY completed_at DESC LIMIT $4)) AS recent
ORDER BY id DESC LIMIT $4;

-- name: jobs.active_org
SELECT {job_columns} FROM (
    (SELECT {job_columns} FROM job WHERE org_id = $1 AND completed_at IS NULL ORDER BY id DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE org_id = $1 AND state = 'completed' AND completed_at >= $2
     ORDER BY completed_at DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE org_id = $1 AND state = 'failed' AND completed_at >= $3
     ORDER BY completed_at DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE org_id = $1 AND state = 'cancelled' AND completed_at >= $3
     ORDER BY completed_at DESC LIMIT $4)) AS recent
ORDER BY id DESC LIMIT $4;

-- name: jobs.active_all
SELECT {job_columns} FROM (
    (SELECT {job_columns} FROM job WHERE completed_at IS NULL ORDER BY id DESC LIMIT $3)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE state = 'completed' AND completed_at >= $1
     ORDER BY completed_at DESC LIMIT $3)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE state = 'failed' AND completed_at >= $2
     ORDER BY completed_at DESC LIMIT $3)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE state = 'cancelled' AND completed_at >= $2
     ORDER BY completed_at DESC LIMIT $3)) AS recent
ORDER BY id DESC LIMIT $3;

-- name: jobs.counts
SELECT state, CAST(sum(number) AS bigint) AS count FROM job_count GROUP BY state;

-- name: jobs.next_due
SELECT min(run_at) AS run_at FROM (
    SELECT min(run_at) AS run_at FROM job WHERE state = 'scheduled' AND state IN ('scheduled', 'retry_wait')
    UNION ALL
    SELECT min(run_at) AS run_at FROM job WHERE state = 'retry_wait' AND state IN ('scheduled', 'retry_wait')) AS first;

-- name: jobs.promote
WITH due AS MATERIALIZED (
    SELECT id AS due_id FROM job WHERE state = $3 AND state IN ('scheduled', 'retry_wait') AND run_at <= $1
    ORDER BY run_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE job SET state = 'queued', updated_at = $1 FROM due WHERE id = due_id
RETURNING {job_columns};

-- define: starting
state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, $3), updated_at = $3, error_code = '',
error_message = ''

-- name: jobs.claim
-- SKIP LOCKED keeps claimers from waiting for each other, the partial index job_queued serves the ORDER BY, and
-- MATERIALIZED keeps the planner from running the inner SELECT again for each row, which would claim too many.
WITH picked AS MATERIALIZED (
    SELECT id AS picked_id FROM job
    WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL AND queue = $4
      AND kind = ANY (ARRAY(SELECT json_array_elements_text($1)))
    ORDER BY priority DESC, turn, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE job SET {starting} FROM picked WHERE id = picked_id
RETURNING {job_columns};

-- name: jobs.claim_key
WITH picked AS MATERIALIZED (
    SELECT id AS picked_id FROM job
    WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NOT NULL AND queue = $4 AND limit_key = $5
      AND kind = ANY (ARRAY(SELECT json_array_elements_text($1)))
    ORDER BY priority DESC, turn, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE job SET {starting} FROM picked WHERE id = picked_id
RETURNING {job_columns};

-- name: jobs.keys
-- Keys with queued jobs, in order, from after $2: one step of the index for each.
WITH RECURSIVE found (limit_key, step) AS (
    (SELECT limit_key, 1 FROM job
     WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NOT NULL AND queue = $1 AND limit_key > $2
     ORDER BY limit_key LIMIT 1)
    UNION ALL
    SELECT (SELECT limit_key FROM job
            WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NOT NULL AND queue = $1
              AND limit_key > found.limit_key ORDER BY limit_key LIMIT 1), step + 1
    FROM found WHERE found.limit_key IS NOT NULL AND step < $3)
SELECT limit_key FROM found WHERE limit_key IS NOT NULL;

-- name: jobs.running_of_lost
SELECT job_id FROM job_lease WHERE NOT EXISTS (SELECT 1 FROM worker WHERE worker.id = job_lease.worker) ORDER BY job_id;

-- name: jobs.overdue
-- Those with a lease are stopped by their worker.
SELECT id FROM job
WHERE deadline <= $1 AND deadline IS NOT NULL AND completed_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM job_lease WHERE job_lease.job_id = job.id)
ORDER BY deadline LIMIT $2;

-- name: leases.insert
INSERT INTO job_lease (job_id, attempt, token, worker, claimed_at, queue, limit_key)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: leases.remove
DELETE FROM job_lease WHERE job_id = $1;

-- name: leases.cancelling
SELECT job_id FROM job_lease JOIN job ON job.id = job_lease.job_id
WHERE job_lease.worker = $1 AND job.state = 'cancelling';

-- name: leases.of_worker
-- How long each has been held, in microseconds, by the clock that leases go by.
SELECT job_lease.job_id, job_lease.attempt, job_lease.token, CAST(extract(epoch FROM coalesce(clock_timestamp(), $2) - job_lease.claimed_at) * 1000000 AS bigint) AS age, job.state, job.options, job.deadline
FROM job_lease JOIN job ON job.id = job_lease.job_id WHERE job_lease.worker = $1;

-- name: attempts.insert
INSERT INTO job_attempt (job_id, attempt, worker, started_at, outcome) VALUES ($1, $2, $3, $4, 'running');

-- name: attempts.close
UPDATE job_attempt SET ended_at = $2, outcome = $3, error_code = $4, error_message = $5
WHERE job_id = $1 AND ended_at IS NULL;

-- name: attempts.list
SELECT job_id, attempt, worker, started_at, ended_at, outcome, error_code, error_message FROM job_attempt
WHERE job_id = $1 ORDER BY seq;

-- name: turns.head
SELECT turn FROM job
WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL AND queue = $1 AND priority = $2
ORDER BY turn LIMIT 1;

-- name: turns.last
-- Asked once for each owner that a process sees.
SELECT max(turn) AS turn FROM job WHERE owner = $1 AND completed_at IS NULL AND queue = $2 AND priority = $3;

-- name: jobs.lock_unique
-- Two requests with one key go one after the other.
SELECT pg_advisory_xact_lock(hashtextextended('millrace unique ' || $1::uuid::text || ' ' || $2::text, 0));

-- name: jobs.of_unique_key
-- Newest first; a key has at most one job that is not replaced, the others have ended.
SELECT id, state, created_at FROM job WHERE owner = $1 AND unique_key = $2 ORDER BY id DESC LIMIT 20;

-- name: jobs.cached
SELECT {job_columns} FROM job
WHERE owner = $1 AND cache_key = $2 AND cache_key IS NOT NULL AND state = 'completed' AND completed_at > $3
ORDER BY completed_at DESC LIMIT 1;

-- name: jobs.unfinished_children
SELECT id FROM job WHERE parent = $1 AND completed_at IS NULL ORDER BY id;

-- name: jobs.children
SELECT {job_columns} FROM job WHERE parent = $1 ORDER BY id;

-- name: jobs.remove
DELETE FROM job WHERE id = $1;

-- name: jobs.remove_attempts
DELETE FROM job_attempt WHERE job_id = $1;

-- name: jobs.remove_log
DELETE FROM job_log WHERE job_id = $1;

-- name: jobs.remove_needs
DELETE FROM job_need WHERE job_id = $1 OR needs_id = $1;

-- name: jobs.finished_before
SELECT id FROM job WHERE state = $1 AND completed_at < $2 AND completed_at IS NOT NULL ORDER BY completed_at LIMIT $3;

-- name: needs.insert
INSERT INTO job_need (job_id, needs_id, outcome, state) VALUES ($1, $2, $3, $4) ON CONFLICT (job_id, needs_id) DO NOTHING;

-- name: needs.of
SELECT job_id, outcome, state FROM job_need WHERE needs_id = $1 ORDER BY job_id;

-- name: needs.set
UPDATE job_need SET state = $3 WHERE job_id = $1 AND needs_id = $2;

-- name: needs.list
SELECT needs_id, outcome, state FROM job_need WHERE job_id = $1 ORDER BY needs_id;
