-- define: schedule_columns
id, owner, org_id, name, cron, zone, catch_up, enabled, job, next_at, last_at, version, created_at, updated_at

-- name: schedules.put
-- What firing moves stays as it is: last_at always, next_at unless the times were changed ($15).
INSERT INTO schedule ({schedule_columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, cron = excluded.cron, zone = excluded.zone,
    catch_up = excluded.catch_up, enabled = excluded.enabled, job = excluded.job,
    next_at = CASE WHEN $15 THEN excluded.next_at ELSE schedule.next_at END, version = excluded.version,
    updated_at = excluded.updated_at;

-- name: schedules.lock
SELECT {schedule_columns} FROM schedule WHERE id = $1 FOR UPDATE;

-- name: schedules.advance
UPDATE schedule SET next_at = $2, last_at = $3 WHERE id = $1;

-- name: schedules.remove
DELETE FROM schedule WHERE id = $1 RETURNING {schedule_columns};

-- name: schedules.get
SELECT {schedule_columns} FROM schedule WHERE id = $1;

-- name: schedules.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {schedule_columns} FROM schedule;

-- name: schedules.due
SELECT {schedule_columns} FROM schedule WHERE enabled AND next_at <= $1 ORDER BY next_at, id LIMIT $2;

-- name: schedules.next_due
SELECT next_at FROM schedule WHERE enabled AND next_at > $1 ORDER BY next_at LIMIT 1;

-- name: slots.job
SELECT job_id FROM schedule_slot WHERE schedule_id = $1 AND slot_at = $2;

-- name: slots.insert
INSERT INTO schedule_slot (schedule_id, slot_at, job_id) VALUES ($1, $2, $3);

-- name: slots.forget
DELETE FROM schedule_slot WHERE schedule_id = $1 AND slot_at < $2;

-- name: slots.remove
DELETE FROM schedule_slot WHERE schedule_id = $1;
