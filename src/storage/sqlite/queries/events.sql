-- name: events.lock
-- There is one writer, so nothing is to be locked.
SELECT 0 AS pg_advisory_xact_lock;

-- name: events.newest
SELECT coalesce(max(seq), 0) AS newest FROM event;

-- name: events.append
-- Without RETURNING, for which SQLite makes a temporary table each time: a fifth of the cost of a job.
INSERT INTO event (at, type, version, owner, org_id, subject, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: events.append_packed
-- The numbers of all its events are taken at once.
INSERT INTO event (seq, at, type, version, owner, org_id, subject, data, number, packed)
VALUES (coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0) + ?2, ?1, 'packed', 1, ?3, ?3, ?3, 'null', ?2, ?4);

-- name: events.after
-- Rows until ?2 events are there. A packed row goes by its last event, so it may begin before ?1 and end after what
-- was asked for; ?3 is more than any of them holds. Numbers may jump, so it counts from the first that is there.
SELECT seq, at, type, version, owner, org_id, subject, data, number, packed FROM event
WHERE seq > ?1
  AND seq <= (SELECT seq FROM event WHERE seq > ?1 ORDER BY seq LIMIT 1) + ?2 + ?3
ORDER BY seq LIMIT ?2;

-- name: events.of_subject
-- Those with a row of their own.
SELECT seq, at, type, version, owner, org_id, subject, data FROM event
WHERE subject = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3;

-- name: events.bounds
-- Two look-ups at the ends of the key; min and max in one SELECT would scan the table.
SELECT coalesce((SELECT seq - number + 1 FROM event WHERE seq = (SELECT min(seq) FROM event)), 0) AS oldest,
       coalesce((SELECT max(seq) FROM event), 0) AS newest;

-- name: events.forget
DELETE FROM event WHERE seq < (SELECT coalesce(min(seq), 0) FROM event) + ?2 AND at < ?1;
