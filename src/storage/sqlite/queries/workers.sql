-- name: workers.hello
INSERT INTO worker (id, host, pid, role, started_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;

-- name: workers.check
SELECT host, pid, ?2 AS now FROM worker WHERE id = ?1;

-- name: workers.beat
UPDATE worker SET seen_at = ?2 WHERE id = ?1;

-- name: workers.goodbye
DELETE FROM worker WHERE id = ?1;

-- name: workers.list
SELECT id, host, pid, role, started_at, seen_at FROM worker ORDER BY started_at, id;

-- name: workers.expire
DELETE FROM worker WHERE id <> ?1 AND seen_at < ?3 - ?2;

-- name: workers.remove_others
DELETE FROM worker WHERE id <> ?1;
