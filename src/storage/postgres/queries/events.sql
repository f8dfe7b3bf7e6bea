-- name: events.lock
-- Taken as the last thing before the events of a transaction are appended and held until its COMMIT: seq is then in the
-- order of commits, and a reader that has seen seq n will never find a smaller one. SQL that enqueues jobs by itself
-- does not need it.
SELECT pg_advisory_xact_lock(7217441020010001);

-- name: events.newest
-- A statement of its own after the lock, so that it sees what the last holder committed.
SELECT coalesce(max(seq), 0) AS newest FROM event;

-- name: events.append
INSERT INTO event (at, type, version, owner, org_id, subject, data) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING seq;

-- name: events.append_packed
-- The numbers of all its events are taken at once; under events.lock nobody takes one between.
INSERT INTO event (seq, at, type, version, owner, org_id, subject, data, number, packed) OVERRIDING SYSTEM VALUE
SELECT setval(pg_get_serial_sequence('event', 'seq'), nextval(pg_get_serial_sequence('event', 'seq')) + $2::bigint - 1),
       $1, 'packed', 1, $3, $3, $3, 'null', $2::integer, $4
RETURNING seq;

-- name: events.after
-- Rows until $2 events are there. A packed row goes by its last event, so it may begin before $1 and end after what
-- was asked for; $3 is more than any of them holds. Numbers may jump, so it counts from the first that is there.
SELECT seq, at, type, version, owner, org_id, subject, data, number, packed FROM event
WHERE seq > $1
  AND seq <= (SELECT seq FROM event WHERE seq > $1 ORDER BY seq LIMIT 1) + $2 + $3
ORDER BY seq LIMIT $2;

-- name: events.of_subject
-- Those with a row of their own.
SELECT seq, at, type, version, owner, org_id, subject, data FROM event
WHERE subject = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- name: events.bounds
SELECT coalesce((SELECT seq - number + 1 FROM event WHERE seq = (SELECT min(seq) FROM event)), 0) AS oldest,
       coalesce((SELECT max(seq) FROM event), 0) AS newest;

-- name: events.forget
DELETE FROM event WHERE seq < (SELECT coalesce(min(seq), 0) FROM event) + $2 AND at < $1;
