-- Leases go by the clock of the database: those of the servers may differ. clock_timestamp() and not now(), because a
-- transaction may have waited for others; coalesce() names the time that the program gives, which SQLite uses.

-- define: worker_columns
id, host, pid, role, started_at, seen_at, kinds, queues, slots, draining,
(SELECT count(*) FROM job_lease WHERE job_lease.worker = worker.id) AS running

-- name: workers.hello
INSERT INTO worker (id, host, pid, role, started_at, seen_at, kinds, queues, slots)
VALUES ($1, $2, $3, $4, $5, coalesce(clock_timestamp(), $6), $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;

-- name: workers.check
SELECT host, pid, role, draining, coalesce(clock_timestamp(), $2) AS now FROM worker WHERE id = $1;

-- name: workers.beat
UPDATE worker SET seen_at = coalesce(clock_timestamp(), $2) WHERE id = $1;

-- name: workers.touch
-- Of remote ones, whose every request counts: at most once a second, so that it takes no lock else.
UPDATE worker SET seen_at = coalesce(clock_timestamp(), $2)
WHERE id = $1 AND role = 'remote' AND seen_at < clock_timestamp() - interval '1 second';

-- name: workers.touch_idle
UPDATE worker SET seen_at = coalesce(clock_timestamp(), $2)
WHERE id = $1 AND role = 'remote' AND NOT EXISTS (SELECT 1 FROM job_lease WHERE job_lease.worker = $1);

-- name: workers.spare_remote
-- Nobody could beat while no server was there.
UPDATE worker SET seen_at = coalesce(clock_timestamp(), $3)
WHERE role = 'remote' AND NOT EXISTS (
    SELECT 1 FROM worker AS server
    WHERE server.role IN ('serve', 'all') AND server.id <> $1
      AND server.seen_at >= clock_timestamp() - $2::bigint * interval '1 microsecond');

-- name: workers.drain
UPDATE worker SET draining = $2 WHERE id = $1;

-- name: workers.goodbye
DELETE FROM worker WHERE id = $1;

-- name: workers.get
SELECT {worker_columns} FROM worker WHERE id = $1;

-- name: workers.list
SELECT {worker_columns} FROM worker ORDER BY started_at, id;

-- name: workers.expire
-- A beat that comes at the same time wins: the row is looked at again once it is locked.
DELETE FROM worker WHERE id <> $1 AND seen_at < coalesce(clock_timestamp(), $3) - $2::bigint * interval '1 microsecond';

-- name: workers.remove_others
-- Remote ones run on while the server starts again.
DELETE FROM worker WHERE id <> $1 AND role <> 'remote';
