-- define: job_columns
id, kind, type, state, progress, stage, message, queue, priority, attempt, attempts_max, losses, crashes, run_at,
owner, org_id, parent, input, metadata, result, filename, supplier_id, related_dataset_id, input_file_id,
reference_file_id, template_id, result_file_id, error_code, error_message, created_at, updated_at, started_at,
completed_at, turn, schedule_id, tags, options, limit_key, unique_key, cache_key, deadline, waiting_on, needed, children,
checkpoint, acknowledged_at

-- A claim writes a lease and not the job: a queued job that has one is running, and is shown so.
-- define: seen_columns
id, kind, type, CASE WHEN lease_job IS NULL THEN state ELSE 'running' END AS state,
CASE WHEN shown_progress > progress THEN shown_progress ELSE progress END AS progress, stage,
coalesce(shown_message, message) AS message, queue,
priority, coalesce(lease_attempt, attempt) AS attempt, attempts_max, losses, crashes, run_at, owner, org_id, parent,
input, metadata, result, filename, supplier_id, related_dataset_id, input_file_id, reference_file_id, template_id,
result_file_id, CASE WHEN lease_job IS NULL THEN error_code ELSE '' END AS error_code,
CASE WHEN lease_job IS NULL THEN error_message ELSE '' END AS error_message, created_at,
CASE WHEN shown_at > coalesce(lease_at, updated_at) THEN shown_at ELSE coalesce(lease_at, updated_at) END AS updated_at, coalesce(started_at, lease_at) AS started_at, completed_at, turn,
schedule_id, tags, options, limit_key, unique_key, cache_key, deadline, waiting_on, needed, children,
checkpoint, acknowledged_at

-- define: lease
LEFT JOIN (SELECT job_id AS lease_job, attempt AS lease_attempt, claimed_at AS lease_at FROM job_lease) AS lease
ON lease_job = id AND state = 'queued'
LEFT JOIN (SELECT job_progress.job_id AS shown_job, progress AS shown_progress, message AS shown_message, at AS shown_at
           FROM job_progress JOIN job_lease ON job_lease.job_id = job_progress.job_id AND job_lease.token = job_progress.token) AS shown
ON shown_job = id AND completed_at IS NULL

-- name: jobs.lock
-- Without input and result: they may be large and no transition looks at them.
SELECT id, kind, type, state, progress, stage, message, queue, priority, attempt, attempts_max, losses, crashes, run_at,
       owner, org_id, parent, '{}' AS input, metadata, NULL AS result, filename, supplier_id, related_dataset_id,
       input_file_id, reference_file_id, template_id, result_file_id, error_code, error_message, created_at, updated_at,
       started_at, completed_at, turn, schedule_id, tags, options, limit_key, unique_key, cache_key, deadline, waiting_on, needed, children,
       NULL AS checkpoint, acknowledged_at
FROM job WHERE id = ?1;

-- name: jobs.lock_lease
SELECT job_id, attempt, token, worker, worker_name, claimed_at FROM job_lease WHERE job_id = ?1;

-- name: jobs.input
SELECT input FROM job WHERE id = ?1;

-- name: jobs.insert
INSERT INTO job ({job_columns})
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
        ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40,
        ?41, ?42, ?43, ?44, ?45, ?46);

-- name: jobs.save
-- A completed job has no next attempt, so nothing is kept for it.
UPDATE job SET state = CASE WHEN ?23 IS NULL THEN ?2 END, progress = ?3, stage = ?4, message = ?5, attempt = ?6, losses = ?7, crashes = ?8, run_at = ?9,
       metadata = ?10, result = CASE WHEN ?11 THEN ?12 ELSE result END, supplier_id = ?13, related_dataset_id = ?14,
       result_file_id = ?15, error_code = ?16, error_message = ?17, updated_at = ?18, started_at = ?19,
       completed_at = ?20, turn = ?21, attempt_log = attempt_log || ?22,
       checkpoint = CASE WHEN ?2 = 'completed' THEN NULL ELSE checkpoint END
WHERE id = ?1;

-- name: jobs.save_more
-- What few transitions touch.
UPDATE job SET priority = ?2, tags = ?3, waiting_on = ?4, children = ?5, acknowledged_at = ?6, options = ?7,
       needed = ?8, deadline = ?9
WHERE id = ?1;

-- name: jobs.save_checkpoint
UPDATE job SET checkpoint = ?2 WHERE id = ?1;

-- name: jobs.set_turn
UPDATE job SET turn = ?2 WHERE id = ?1;

-- name: jobs.save_input
UPDATE job SET input = ?2 WHERE id = ?1;

-- name: jobs.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {seen_columns} FROM job {lease};

-- name: jobs.get
SELECT {seen_columns} FROM job {lease} WHERE id = ?1;

-- name: jobs.active_own
-- Four short ranges of two partial indexes; INDEXED BY makes a plan that would scan history an error.
SELECT {seen_columns} FROM job {lease} WHERE job.rowid IN (
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_unfinished
                       WHERE owner = ?1 AND completed_at IS NULL ORDER BY id DESC LIMIT ?4)
    UNION ALL
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_finished_of_owner
                       WHERE owner = ?1 AND state = 'completed' AND completed_at >= ?2
                       ORDER BY completed_at DESC LIMIT ?4)
    UNION ALL
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_finished_of_owner
                       WHERE owner = ?1 AND state = 'failed' AND completed_at >= ?3
                       ORDER BY completed_at DESC LIMIT ?4)
    UNION ALL
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_finished_of_owner
                       WHERE owner = ?1 AND state = 'cancelled' AND completed_at >= ?3
                       ORDER BY completed_at DESC LIMIT ?4))
ORDER BY id DESC LIMIT ?4;

-- name: jobs.active_org
SELECT {seen_columns} FROM job {lease} WHERE job.rowid IN (
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_unfinished
                       WHERE completed_at IS NULL AND org_id = ?1 ORDER BY id DESC LIMIT ?4)
    UNION ALL
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_finished
                       WHERE state = 'completed' AND completed_at >= ?2 AND org_id = ?1
                       ORDER BY completed_at DESC LIMIT ?4)
    UNION ALL
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_finished
                       WHERE state = 'failed' AND completed_at >= ?3 AND org_id = ?1
                       ORDER BY completed_at DESC LIMIT ?4)
    UNION ALL
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_finished
                       WHERE state = 'cancelled' AND completed_at >= ?3 AND org_id = ?1
                       ORDER BY completed_at DESC LIMIT ?4))
ORDER BY id DESC LIMIT ?4;

-- name: jobs.active_all
SELECT {seen_columns} FROM job {lease} WHERE job.rowid IN (
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_unfinished
                       WHERE completed_at IS NULL ORDER BY id DESC LIMIT ?3)
    UNION ALL
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_finished
                       WHERE state = 'completed' AND completed_at >= ?1 ORDER BY completed_at DESC LIMIT ?3)
    UNION ALL
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_finished
                       WHERE state = 'failed' AND completed_at >= ?2 ORDER BY completed_at DESC LIMIT ?3)
    UNION ALL
    SELECT rowid FROM (SELECT rowid FROM job INDEXED BY job_finished
                       WHERE state = 'cancelled' AND completed_at >= ?2 ORDER BY completed_at DESC LIMIT ?3))
ORDER BY id DESC LIMIT ?3;

-- name: jobs.counts
SELECT state, sum(number) AS count FROM job_count GROUP BY state;

-- name: jobs.next_due
SELECT min(run_at) AS run_at FROM (
    SELECT min(run_at) AS run_at FROM job INDEXED BY job_due WHERE state = 'scheduled' AND state IN ('scheduled', 'retry_wait')
    UNION ALL
    SELECT min(run_at) AS run_at FROM job INDEXED BY job_due WHERE state = 'retry_wait' AND state IN ('scheduled', 'retry_wait')) AS first;

-- name: jobs.promote
UPDATE job SET state = 'queued', updated_at = ?1
WHERE rowid IN (SELECT rowid FROM job INDEXED BY job_due WHERE state = ?3 AND state IN ('scheduled', 'retry_wait') AND run_at <= ?1
                ORDER BY run_at LIMIT ?2)
RETURNING {job_columns};

-- name: jobs.claim
-- From after a place in the queue, see detail/claim_cursors.hpp.
SELECT {job_columns}, 0 AS version FROM job INDEXED BY job_queued
WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL AND queue = ?3
  AND (-priority, turn, id) > (?4, ?5, ?6)
  AND kind IN (SELECT value FROM json_each(?1))
  AND (SELECT 1 FROM job_lease WHERE job_lease.job_id = job.id) IS NULL
ORDER BY -priority, turn, id LIMIT ?2;

-- name: jobs.claim_key
SELECT {job_columns}, 0 AS version FROM job INDEXED BY job_queued_by_key
WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NOT NULL AND queue = ?3 AND limit_key = ?4
  AND kind IN (SELECT value FROM json_each(?1))
  AND (SELECT 1 FROM job_lease WHERE job_lease.job_id = job.id) IS NULL
ORDER BY priority DESC, turn, id LIMIT ?2;

-- name: jobs.show_running
-- What has run for a while is written into the job too, so that claims need not step over it again and again.
UPDATE job SET state = 'running', attempt = lease_attempt, started_at = coalesce(started_at, lease_at), updated_at = lease_at,
       error_code = '', error_message = ''
FROM (SELECT job_id AS lease_job, attempt AS lease_attempt, claimed_at AS lease_at FROM job_lease
      WHERE worker = ?1 AND claimed_at < ?2) AS lease
WHERE id = lease_job AND state = 'queued' RETURNING id;

-- name: jobs.keys
-- Keys with queued jobs, in order, from after ?2: one step of the index for each.
WITH RECURSIVE found (limit_key, step) AS (
    SELECT min(limit_key), 1 FROM job INDEXED BY job_queued_by_key
    WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NOT NULL AND queue = ?1 AND limit_key > ?2
    UNION ALL
    SELECT (SELECT min(limit_key) FROM job INDEXED BY job_queued_by_key
            WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NOT NULL AND queue = ?1
              AND limit_key > found.limit_key), step + 1
    FROM found WHERE found.limit_key IS NOT NULL AND step < ?3)
SELECT limit_key FROM found WHERE limit_key IS NOT NULL;

-- name: jobs.running_of_lost
SELECT job_id FROM job_lease WHERE NOT EXISTS (SELECT 1 FROM worker WHERE worker.id = job_lease.worker) ORDER BY job_id;

-- name: jobs.overdue
-- Those with a lease are stopped by their worker.
SELECT id FROM job INDEXED BY job_deadline
WHERE deadline <= ?1 AND deadline IS NOT NULL AND completed_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM job_lease WHERE job_lease.job_id = job.id)
ORDER BY deadline LIMIT ?2;

-- name: leases.insert
-- Without RETURNING, see events.append: there is one writer, so nobody else can have leased it.
INSERT INTO job_lease (job_id, attempt, token, worker, worker_name, claimed_at, queue, limit_key)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: leases.remove
DELETE FROM job_lease WHERE job_id = ?1;

-- name: leases.cancelling
SELECT job_id FROM job_lease JOIN job ON job.id = job_lease.job_id
WHERE job_lease.worker = ?1 AND job.state = 'cancelling';

-- name: attempts.log
-- Those that have ended, and the one that runs.
SELECT attempt_log, job_lease.attempt AS running, worker_name, claimed_at
FROM job LEFT JOIN job_lease ON job_lease.job_id = job.id WHERE job.id = ?1;
-- name: leases.of_worker
-- How long each has been held, in microseconds, by the clock that leases go by.
SELECT job_lease.job_id, job_lease.attempt, job_lease.token, ?2 - job_lease.claimed_at AS age,
       CASE job.state WHEN 'queued' THEN 'running' ELSE job.state END AS state, job.options, job.deadline
FROM job_lease JOIN job ON job.id = job_lease.job_id WHERE job_lease.worker = ?1;

-- name: attempts.insert
-- Of jobs without a lease: their owners run them.
INSERT INTO job_attempt (job_id, attempt, worker, started_at, outcome) VALUES (?1, ?2, ?3, ?4, 'running');

-- name: attempts.close
UPDATE job_attempt SET ended_at = ?2, outcome = ?3, error_code = ?4, error_message = ?5
WHERE job_id = ?1 AND ended_at IS NULL;

-- name: attempts.list
SELECT job_id, attempt, worker, started_at, ended_at, outcome, error_code, error_message FROM job_attempt
WHERE job_id = ?1 ORDER BY seq;

-- name: turns.head
SELECT turn FROM job INDEXED BY job_queued
WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL AND queue = ?1 AND -priority = -?2 AND turn >= ?3
ORDER BY turn LIMIT 1;

-- name: turns.first
-- Who waits at the very front, whatever claims have passed.
SELECT priority, turn, id FROM job INDEXED BY job_queued
WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL AND queue = ?1
  AND kind IN (SELECT value FROM json_each(?2))
  AND (SELECT 1 FROM job_lease WHERE job_lease.job_id = job.id) IS NULL
ORDER BY -priority, turn, id LIMIT 1;

-- name: turns.places
SELECT queue, priority, turn, id FROM job WHERE id = ?1 AND state = 'queued';

-- name: turns.last
-- Asked once for each owner that a process sees.
SELECT max(turn) AS turn FROM job INDEXED BY job_unfinished WHERE owner = ?1 AND completed_at IS NULL AND queue = ?2 AND priority = ?3;

-- name: jobs.lock_unique
-- Two requests with one key go one after the other.
SELECT ?1 || ?2 AS pg_advisory_xact_lock;

-- name: jobs.of_unique_key
-- Newest first; a key has at most one job that is not replaced, the others have ended.
SELECT id, CASE WHEN lease_job IS NULL THEN state ELSE 'running' END AS state, created_at FROM job {lease}
WHERE owner = ?1 AND unique_key = ?2 ORDER BY id DESC LIMIT 20;

-- name: jobs.cached
SELECT {job_columns} FROM job
WHERE owner = ?1 AND cache_key = ?2 AND cache_key IS NOT NULL AND state = 'completed' AND completed_at > ?3
ORDER BY completed_at DESC LIMIT 1;

-- name: jobs.unfinished_children
SELECT id FROM job WHERE parent = ?1 AND completed_at IS NULL ORDER BY id;

-- name: jobs.children
SELECT {seen_columns} FROM job {lease} WHERE parent = ?1 ORDER BY id;

-- name: jobs.remove
DELETE FROM job WHERE id = ?1;

-- name: jobs.remove_attempts
DELETE FROM job_attempt WHERE job_id = ?1;

-- name: jobs.remove_log
DELETE FROM job_log WHERE job_id = ?1;

-- name: jobs.remove_needs
DELETE FROM job_need WHERE job_id = ?1 OR needs_id = ?1;

-- name: jobs.finished_before
SELECT id FROM job INDEXED BY job_finished WHERE state = ?1 AND completed_at < ?2 AND completed_at IS NOT NULL ORDER BY completed_at LIMIT ?3;

-- name: jobs.oldest_ended
-- Each state goes by its part of the index. 600: the columns that are always there, and the entries in indexes.
SELECT id, at, 600 + length(input) + length(metadata) + coalesce(length(result), 0) + coalesce(length(checkpoint), 0) +
       length(attempt_log) +
       coalesce((SELECT sum(150 + length(message)) FROM job_log WHERE job_id = job.id), 0) +
       250 * (SELECT count(*) FROM job_attempt WHERE job_id = job.id) AS bytes
FROM (
    SELECT * FROM (SELECT id AS ended, completed_at AS at FROM job INDEXED BY job_finished
                   WHERE state = 'completed' AND completed_at < ?1 AND completed_at IS NOT NULL ORDER BY completed_at LIMIT ?2) AS completed
    UNION ALL
    SELECT * FROM (SELECT id AS ended, completed_at AS at FROM job INDEXED BY job_finished
                   WHERE state = 'failed' AND completed_at < ?1 AND completed_at IS NOT NULL ORDER BY completed_at LIMIT ?2) AS failed
    UNION ALL
    SELECT * FROM (SELECT id AS ended, completed_at AS at FROM job INDEXED BY job_finished
                   WHERE state = 'cancelled' AND completed_at < ?1 AND completed_at IS NOT NULL ORDER BY completed_at LIMIT ?2) AS cancelled
) AS oldest JOIN job ON id = ended
ORDER BY at LIMIT ?2;

-- name: jobs.history_bytes
SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size;

-- name: needs.insert
INSERT INTO job_need (job_id, needs_id, outcome, state) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (job_id, needs_id) DO NOTHING;

-- name: needs.of
SELECT job_id, outcome, state FROM job_need WHERE needs_id = ?1 ORDER BY job_id;

-- name: needs.set
UPDATE job_need SET state = ?3 WHERE job_id = ?1 AND needs_id = ?2;

-- name: needs.list
SELECT needs_id, outcome, state FROM job_need WHERE job_id = ?1 ORDER BY needs_id;
