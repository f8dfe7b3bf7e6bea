-- Leases go by the clock of the database: those of the servers may differ. clock_timestamp() and not now(), because a
-- transaction may have waited for others; coalesce() names the time that the program gives, which SQLite uses.

-- name: workers.hello
INSERT INTO worker (id, host, pid, role, started_at, seen_at) VALUES ($1, $2, $3, $4, $5, coalesce(clock_timestamp(), $6))
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;

-- name: workers.check
SELECT host, pid, coalesce(clock_timestamp(), $2) AS now FROM worker WHERE id = $1;

-- name: workers.beat
UPDATE worker SET seen_at = coalesce(clock_timestamp(), $2) WHERE id = $1;

-- name: workers.goodbye
DELETE FROM worker WHERE id = $1;

-- name: workers.list
SELECT id, host, pid, role, started_at, seen_at FROM worker ORDER BY started_at, id;

-- name: workers.expire
-- A beat that comes at the same time wins: the row is looked at again once it is locked.
DELETE FROM worker WHERE id <> $1 AND seen_at < coalesce(clock_timestamp(), $3) - $2::bigint * interval '1 microsecond';

-- name: workers.remove_others
DELETE FROM worker WHERE id <> $1;
