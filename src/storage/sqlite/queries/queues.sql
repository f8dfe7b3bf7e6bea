-- define: queue_columns
name, paused, running_max, rate_count, rate_period, key_running_max, key_rate_count, key_rate_period, free_at, version,
updated_at

-- name: queues.list
SELECT {queue_columns} FROM queue ORDER BY name;

-- name: queues.get
SELECT {queue_columns} FROM queue WHERE name = ?1;

-- name: queues.ensure
INSERT INTO queue (name, updated_at) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING;

-- name: queues.put
INSERT INTO queue ({queue_columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, ?9, ?10)
ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, running_max = excluded.running_max,
    rate_count = excluded.rate_count, rate_period = excluded.rate_period, key_running_max = excluded.key_running_max,
    key_rate_count = excluded.key_rate_count, key_rate_period = excluded.key_rate_period, version = excluded.version,
    updated_at = excluded.updated_at;

-- name: queues.seat
-- A row, with the time of the clock that leases go by, when a job of the queue may start without being counted.
SELECT ?3 AS now FROM queue, worker
WHERE queue.name = ?1 AND worker.id = ?2 AND NOT queue.paused AND NOT worker.draining
  AND queue.running_max IS NULL AND queue.rate_count IS NULL AND queue.key_running_max IS NULL AND queue.key_rate_count IS NULL;

-- name: queues.lock
-- Claims of a limited queue go one after the other, so that what they count stays true until they commit.
SELECT ?1 AS pg_advisory_xact_lock;

-- name: queues.spend
UPDATE queue SET free_at = ?2 WHERE name = ?1;

-- name: queues.running
SELECT count(*) AS number FROM job_lease WHERE queue = ?1;

-- name: queues.running_by_key
SELECT limit_key, count(*) AS number FROM job_lease WHERE queue = ?1 AND limit_key IS NOT NULL GROUP BY limit_key;

-- name: queues.counts
SELECT queue, state, sum(number) AS number FROM job_count GROUP BY queue, state ORDER BY queue, state;

-- name: buckets.get
SELECT free_at FROM limit_bucket WHERE queue = ?1 AND limit_key = ?2;

-- name: buckets.put
INSERT INTO limit_bucket (queue, limit_key, free_at) VALUES (?1, ?2, ?3)
ON CONFLICT (queue, limit_key) DO UPDATE SET free_at = excluded.free_at;

-- name: buckets.forget
DELETE FROM limit_bucket WHERE free_at < ?1;

-- name: counts.add
INSERT INTO job_count (queue, state, server, number) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (queue, state, server) DO UPDATE SET number = job_count.number + excluded.number;

-- name: stats.add
INSERT INTO job_stat (minute, queue, kind, outcome, server, number, wait_us, run_us)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (minute, queue, kind, outcome, server) DO UPDATE SET number = job_stat.number + excluded.number,
    wait_us = job_stat.wait_us + excluded.wait_us, run_us = job_stat.run_us + excluded.run_us;

-- name: stats.range
SELECT minute, queue, kind, outcome, sum(number) AS number,
       sum(wait_us) AS wait_us,
       sum(run_us) AS run_us
FROM job_stat WHERE minute >= ?1 AND minute < ?2 GROUP BY minute, queue, kind, outcome ORDER BY minute, queue, kind, outcome;
