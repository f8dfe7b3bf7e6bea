-- define: worker_columns
id, host, pid, role, started_at, seen_at, kinds, queues, slots, draining,
(SELECT count(*) FROM job_lease WHERE job_lease.worker = worker.id) AS running

-- name: workers.hello
INSERT INTO worker (id, host, pid, role, started_at, seen_at, kinds, queues, slots)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;

-- name: workers.check
SELECT host, pid, role, draining, ?2 AS now FROM worker WHERE id = ?1;

-- name: workers.beat
UPDATE worker SET seen_at = ?2 WHERE id = ?1;

-- name: workers.touch
-- Of remote ones, whose every request counts: at most once a second.
UPDATE worker SET seen_at = ?2 WHERE id = ?1 AND role = 'remote' AND seen_at < ?2 - 1000000;

-- name: workers.touch_idle
UPDATE worker SET seen_at = ?2
WHERE id = ?1 AND role = 'remote' AND NOT EXISTS (SELECT 1 FROM job_lease WHERE job_lease.worker = ?1);

-- name: workers.spare_remote
-- Nobody could beat while no server was there.
UPDATE worker SET seen_at = ?3
WHERE role = 'remote' AND NOT EXISTS (
    SELECT 1 FROM worker AS server WHERE server.role IN ('serve', 'all') AND server.id <> ?1 AND server.seen_at >= ?3 - ?2);

-- name: workers.drain
UPDATE worker SET draining = ?2 WHERE id = ?1;

-- name: workers.goodbye
DELETE FROM worker WHERE id = ?1;

-- name: workers.get
SELECT {worker_columns} FROM worker WHERE id = ?1;

-- name: workers.list
SELECT {worker_columns} FROM worker ORDER BY started_at, id;

-- name: workers.expire
DELETE FROM worker WHERE id <> ?1 AND seen_at < ?3 - ?2;

-- name: workers.remove_others
-- Remote ones run on while the server starts again.
DELETE FROM worker WHERE id <> ?1 AND role <> 'remote';
