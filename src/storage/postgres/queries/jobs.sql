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
-- Without input and result: they may be large and no transition looks at them. The lock orders this transaction among
-- those of other processes that change the job, by id, so that two do not wait for each other; NO KEY, because the id
-- never changes.
-- rows: wanted_id uuid
SELECT id, kind, type, state, progress, stage, message, queue, priority, attempt, attempts_max, losses, crashes, run_at,
       owner, org_id, parent, '{}'::json AS input, metadata, NULL::json AS result, filename, supplier_id, related_dataset_id,
       input_file_id, reference_file_id, template_id, result_file_id, error_code, error_message, created_at, updated_at,
       started_at, completed_at, turn, schedule_id, tags, options, limit_key, unique_key, cache_key, deadline, waiting_on, needed, children,
       NULL::json AS checkpoint, acknowledged_at
FROM unnest($1::{rows}[]) AS wanted JOIN job ON job.id = wanted.wanted_id ORDER BY job.id FOR NO KEY UPDATE OF job;

-- name: jobs.lock_lease
-- rows: wanted_id uuid
SELECT job_id, attempt, token, worker, worker_name, claimed_at
FROM unnest($1::{rows}[]) AS wanted JOIN job_lease ON job_lease.job_id = wanted.wanted_id;

-- name: jobs.input
SELECT input FROM job WHERE id = $1;

-- name: jobs.insert
-- rows: id uuid, kind text, type text, state text, progress integer, stage text, message text, queue text,
-- rows: priority integer, attempt integer, attempts_max integer, losses integer, crashes integer,
-- rows: run_at timestamptz, owner uuid, org_id uuid, parent uuid, input json, metadata json, result json,
-- rows: filename text, supplier_id text, related_dataset_id uuid, input_file_id uuid, reference_file_id uuid,
-- rows: template_id uuid, result_file_id uuid, error_code text, error_message text, created_at timestamptz,
-- rows: updated_at timestamptz, started_at timestamptz, completed_at timestamptz, turn bigint, schedule_id uuid,
-- rows: tags json, options json, limit_key text, unique_key text, cache_key text, deadline timestamptz,
-- rows: waiting_on integer, needed boolean, children json, checkpoint json, acknowledged_at timestamptz
INSERT INTO job ({job_columns}) SELECT {job_columns} FROM unnest($1::{rows}[]);

-- name: jobs.save
-- A completed job has no next attempt, so nothing is kept for it. A job that is not of the version it was read as gets no
-- state, which fails the transaction.
-- rows: id uuid, state text, progress integer, stage text, message text, attempt integer, losses integer,
-- rows: crashes integer, run_at timestamptz, metadata json, result_changed boolean, result json, supplier_id text,
-- rows: related_dataset_id uuid, result_file_id uuid, error_code text, error_message text, updated_at timestamptz,
-- rows: started_at timestamptz, completed_at timestamptz, turn bigint, attempt_log text, version bigint
UPDATE job SET state = CASE WHEN to_save.version IS NULL OR to_save.version = job.xmin::text::bigint THEN to_save.state END,
       progress = to_save.progress, stage = to_save.stage, message = to_save.message,
       attempt = to_save.attempt, losses = to_save.losses, crashes = to_save.crashes, run_at = to_save.run_at,
       metadata = to_save.metadata,
       result = CASE WHEN to_save.result_changed THEN to_save.result ELSE job.result END,
       supplier_id = to_save.supplier_id, related_dataset_id = to_save.related_dataset_id,
       result_file_id = to_save.result_file_id, error_code = to_save.error_code,
       error_message = to_save.error_message, updated_at = to_save.updated_at, started_at = to_save.started_at,
       completed_at = to_save.completed_at, turn = to_save.turn, attempt_log = job.attempt_log || to_save.attempt_log,
       checkpoint = CASE WHEN to_save.state = 'completed' THEN NULL ELSE job.checkpoint END
FROM unnest($1::{rows}[]) AS to_save WHERE job.id = to_save.id;

-- name: jobs.save_more
-- What few transitions touch.
UPDATE job SET priority = $2, tags = $3, waiting_on = $4, children = $5, acknowledged_at = $6, options = $7,
       needed = $8, deadline = $9
WHERE id = $1;

-- name: jobs.save_checkpoint
UPDATE job SET checkpoint = $2 WHERE id = $1;

-- name: jobs.set_turn
-- rows: id uuid, turn bigint
UPDATE job SET turn = to_set.turn FROM unnest($1::{rows}[]) AS to_set WHERE job.id = to_set.id;

-- name: jobs.save_input
UPDATE job SET input = $2 WHERE id = $1;

-- name: jobs.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {seen_columns} FROM job {lease};

-- name: jobs.get
SELECT {seen_columns} FROM job {lease} WHERE id = $1;

-- name: jobs.active_own
-- Four short ranges of two partial indexes. The rows come from the branches and not from a join on the id, for which a
-- planner without good statistics would scan the table.
SELECT {seen_columns} FROM (
    (SELECT {job_columns} FROM job WHERE owner = $1 AND completed_at IS NULL ORDER BY id DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE owner = $1 AND state = 'completed' AND completed_at >= $2
     ORDER BY completed_at DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE owner = $1 AND state = 'failed' AND completed_at >= $3
     ORDER BY completed_at DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE owner = $1 AND state = 'cancelled' AND completed_at >= $3
     ORDER BY completed_at DESC LIMIT $4)) AS recent {lease}
ORDER BY id DESC LIMIT $4;

-- name: jobs.active_org
SELECT {seen_columns} FROM (
    (SELECT {job_columns} FROM job WHERE org_id = $1 AND completed_at IS NULL ORDER BY id DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE org_id = $1 AND state = 'completed' AND completed_at >= $2
     ORDER BY completed_at DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE org_id = $1 AND state = 'failed' AND completed_at >= $3
     ORDER BY completed_at DESC LIMIT $4)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE org_id = $1 AND state = 'cancelled' AND completed_at >= $3
     ORDER BY completed_at DESC LIMIT $4)) AS recent {lease}
ORDER BY id DESC LIMIT $4;

-- name: jobs.active_all
SELECT {seen_columns} FROM (
    (SELECT {job_columns} FROM job WHERE completed_at IS NULL ORDER BY id DESC LIMIT $3)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE state = 'completed' AND completed_at >= $1
     ORDER BY completed_at DESC LIMIT $3)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE state = 'failed' AND completed_at >= $2
     ORDER BY completed_at DESC LIMIT $3)
    UNION ALL
    (SELECT {job_columns} FROM job WHERE state = 'cancelled' AND completed_at >= $2
     ORDER BY completed_at DESC LIMIT $3)) AS recent {lease}
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

-- name: jobs.claim
-- From after a place in the queue, see detail/claim_cursors.hpp.
-- What may be leased, locked. SKIP LOCKED keeps claimers from waiting for each other; the lock also orders a claim among
-- changes of the job: once it is held, the row is looked at again. The partial index job_queued serves the ORDER BY. The
-- lease is asked for by a subquery that the planner cannot turn into a join, which would read all leases.
SELECT {job_columns}, xmin::text::bigint AS version FROM job
WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL AND queue = $3
  AND (-priority, turn, id) > ($4::bigint, $5::bigint, $6::uuid)
  AND kind = ANY (ARRAY(SELECT json_array_elements_text($1)))
  AND (SELECT true FROM job_lease WHERE job_lease.job_id = job.id) IS NULL
ORDER BY -priority, turn, id LIMIT $2 FOR NO KEY UPDATE OF job SKIP LOCKED;

-- name: jobs.claim_key
SELECT {job_columns}, xmin::text::bigint AS version FROM job
WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NOT NULL AND queue = $3 AND limit_key = $4
  AND kind = ANY (ARRAY(SELECT json_array_elements_text($1)))
  AND (SELECT true FROM job_lease WHERE job_lease.job_id = job.id) IS NULL
ORDER BY priority DESC, turn, id LIMIT $2 FOR NO KEY UPDATE OF job SKIP LOCKED;

-- name: jobs.show_running
-- What has run for a while is written into the job too, so that claims need not step over it again and again.
UPDATE job SET state = 'running', attempt = lease_attempt, started_at = coalesce(started_at, lease_at), updated_at = lease_at,
       error_code = '', error_message = ''
FROM (SELECT job.id AS lease_job, job_lease.attempt AS lease_attempt, job_lease.claimed_at AS lease_at
      FROM job_lease JOIN job ON job.id = job_lease.job_id
      WHERE job_lease.worker = $1 AND job_lease.claimed_at < $2 AND job.state = 'queued'
      FOR NO KEY UPDATE OF job SKIP LOCKED) AS lease
WHERE id = lease_job RETURNING id;

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
-- Another process may have leased one between our snapshot and our lock; it keeps it.
-- rows: job_id uuid, attempt integer, token uuid, worker uuid, worker_name text, claimed_at timestamptz, queue text,
-- rows: limit_key text
INSERT INTO job_lease (job_id, attempt, token, worker, worker_name, claimed_at, queue, limit_key)
SELECT job_id, attempt, token, worker, worker_name, claimed_at, queue, limit_key FROM unnest($1::{rows}[])
ON CONFLICT (job_id) DO NOTHING RETURNING job_id;

-- name: leases.remove
-- rows: ended_id uuid
DELETE FROM job_lease USING unnest($1::{rows}[]) AS ended WHERE job_id = ended_id;

-- name: leases.cancelling
SELECT job_id FROM job_lease JOIN job ON job.id = job_lease.job_id
WHERE job_lease.worker = $1 AND job.state = 'cancelling';

-- name: attempts.log
-- Those that have ended, and the one that runs.
SELECT attempt_log, job_lease.attempt AS running, worker_name, claimed_at
FROM job LEFT JOIN job_lease ON job_lease.job_id = job.id WHERE job.id = $1;
-- name: leases.of_worker
-- How long each has been held, in microseconds, by the clock that leases go by.
SELECT job_lease.job_id, job_lease.attempt, job_lease.token, CAST(extract(epoch FROM coalesce(clock_timestamp(), $2) - job_lease.claimed_at) * 1000000 AS bigint) AS age,
       CASE job.state WHEN 'queued' THEN 'running' ELSE job.state END AS state, job.options, job.deadline
FROM job_lease JOIN job ON job.id = job_lease.job_id WHERE job_lease.worker = $1;

-- name: attempts.insert
-- Of jobs without a lease: their owners run them.
INSERT INTO job_attempt (job_id, attempt, worker, started_at, outcome) VALUES ($1, $2, $3, $4, 'running');

-- name: attempts.close
UPDATE job_attempt SET ended_at = $2, outcome = $3, error_code = $4, error_message = $5
WHERE job_id = $1 AND ended_at IS NULL;

-- name: attempts.list
SELECT job_id, attempt, worker, started_at, ended_at, outcome, error_code, error_message FROM job_attempt
WHERE job_id = $1 ORDER BY seq;

-- name: turns.head
SELECT turn FROM job
WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL AND queue = $1 AND -priority = -$2::integer AND turn >= $3
ORDER BY turn LIMIT 1;

-- name: turns.first
-- Who waits at the very front, whatever claims have passed.
SELECT priority, turn, id FROM job
WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL AND queue = $1
  AND kind = ANY (ARRAY(SELECT json_array_elements_text($2)))
  AND (SELECT true FROM job_lease WHERE job_lease.job_id = job.id) IS NULL
ORDER BY -priority, turn, id LIMIT 1;

-- name: turns.places
-- rows: wanted_id uuid
SELECT queue, priority, turn, id FROM unnest($1::{rows}[]) AS wanted JOIN job ON job.id = wanted.wanted_id WHERE state = 'queued';

-- name: turns.last
-- Asked once for each owner that a process sees.
SELECT max(turn) AS turn FROM job WHERE owner = $1 AND completed_at IS NULL AND queue = $2 AND priority = $3;

-- name: jobs.lock_unique
-- Two requests with one key go one after the other.
SELECT pg_advisory_xact_lock(hashtextextended('millrace unique ' || $1::uuid::text || ' ' || $2::text, 0));

-- name: jobs.of_unique_key
-- Newest first; a key has at most one job that is not replaced, the others have ended.
SELECT id, CASE WHEN lease_job IS NULL THEN state ELSE 'running' END AS state, created_at FROM job {lease}
WHERE owner = $1 AND unique_key = $2 ORDER BY id DESC LIMIT 20;

-- name: jobs.cached
SELECT {job_columns} FROM job
WHERE owner = $1 AND cache_key = $2 AND cache_key IS NOT NULL AND state = 'completed' AND completed_at > $3
ORDER BY completed_at DESC LIMIT 1;

-- name: jobs.unfinished_children
SELECT id FROM job WHERE parent = $1 AND completed_at IS NULL ORDER BY id;

-- name: jobs.children
SELECT {seen_columns} FROM job {lease} WHERE parent = $1 ORDER BY id;

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

-- name: jobs.oldest_ended
-- Each state goes by its part of the index. 600: the columns that are always there, and the entries in indexes.
SELECT id, at, (600 + pg_column_size(input) + pg_column_size(metadata) + coalesce(pg_column_size(result), 0) +
       coalesce(pg_column_size(checkpoint), 0) + pg_column_size(attempt_log) +
       coalesce((SELECT sum(150 + pg_column_size(message)) FROM job_log WHERE job_id = job.id), 0) +
       250 * (SELECT count(*) FROM job_attempt WHERE job_id = job.id))::bigint AS bytes
FROM (
    SELECT * FROM (SELECT id AS ended, completed_at AS at FROM job
                   WHERE state = 'completed' AND completed_at < $1 AND completed_at IS NOT NULL ORDER BY completed_at LIMIT $2) AS completed
    UNION ALL
    SELECT * FROM (SELECT id AS ended, completed_at AS at FROM job
                   WHERE state = 'failed' AND completed_at < $1 AND completed_at IS NOT NULL ORDER BY completed_at LIMIT $2) AS failed
    UNION ALL
    SELECT * FROM (SELECT id AS ended, completed_at AS at FROM job
                   WHERE state = 'cancelled' AND completed_at < $1 AND completed_at IS NOT NULL ORDER BY completed_at LIMIT $2) AS cancelled
) AS oldest JOIN job ON id = ended
ORDER BY at LIMIT $2;

-- name: jobs.history_bytes
-- The size of the tables would not do: it stays when rows are deleted, and all history would go before it fell. So rows
-- are weighed, those of 500 pages of each table; a smaller table is read as a whole. The constants are as above.
SELECT (
    (SELECT coalesce(sum(600 + pg_column_size(input) + pg_column_size(metadata) + coalesce(pg_column_size(result), 0) +
                            coalesce(pg_column_size(checkpoint), 0) + pg_column_size(attempt_log)), 0)
        / least(1, 500.0 / greatest(1, pg_relation_size('job') / 8192))
     FROM job TABLESAMPLE SYSTEM (least(100, 50000.0 / greatest(1, pg_relation_size('job') / 8192)))) +
    (SELECT coalesce(sum(250), 0)
        / least(1, 500.0 / greatest(1, pg_relation_size('job_attempt') / 8192))
     FROM job_attempt TABLESAMPLE SYSTEM (least(100, 50000.0 / greatest(1, pg_relation_size('job_attempt') / 8192)))) +
    (SELECT coalesce(sum(150 + pg_column_size(message)), 0)
        / least(1, 500.0 / greatest(1, pg_relation_size('job_log') / 8192))
     FROM job_log TABLESAMPLE SYSTEM (least(100, 50000.0 / greatest(1, pg_relation_size('job_log') / 8192)))) +
    (SELECT coalesce(sum(200 + pg_column_size(data) + coalesce(pg_column_size(packed), 0)), 0)
        / least(1, 500.0 / greatest(1, pg_relation_size('event') / 8192))
     FROM event TABLESAMPLE SYSTEM (least(100, 50000.0 / greatest(1, pg_relation_size('event') / 8192))))
)::bigint AS bytes;

-- name: needs.insert
INSERT INTO job_need (job_id, needs_id, outcome, state) VALUES ($1, $2, $3, $4) ON CONFLICT (job_id, needs_id) DO NOTHING;

-- name: needs.of
SELECT job_id, outcome, state FROM job_need WHERE needs_id = $1 ORDER BY job_id;

-- name: needs.set
UPDATE job_need SET state = $3 WHERE job_id = $1 AND needs_id = $2;

-- name: needs.list
SELECT needs_id, outcome, state FROM job_need WHERE job_id = $1 ORDER BY needs_id;
