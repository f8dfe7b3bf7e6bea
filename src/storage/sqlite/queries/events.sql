-- name: events.lock
-- There is one writer, so nothing is to be locked.
SELECT 0 AS pg_advisory_xact_lock;

-- name: events.newest
SELECT coalesce(max(seq), 0) AS newest FROM event;

-- name: events.append
-- Without RETURNING, for which SQLite makes a temporary table each time: a fifth of the cost of a job.
INSERT INTO event (at, type, version, owner, org_id, subject, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: events.after
SELECT seq, at, type, version, owner, org_id, subject, data FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2;

-- name: events.of_subject
SELECT seq, at, type, version, owner, org_id, subject, data FROM event
WHERE subject = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3;

-- name: events.bounds
-- Two look-ups at the ends of the key; min and max in one SELECT would scan the table.
SELECT coalesce((SELECT min(seq) FROM event), 0) AS oldest, coalesce((SELECT max(seq) FROM event), 0) AS newest;

-- name: events.forget
DELETE FROM event WHERE seq < (SELECT coalesce(min(seq), 0) FROM event) + ?2 AND at < ?1;
