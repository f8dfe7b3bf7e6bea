-- name: log.append
INSERT INTO job_log (job_id, attempt, at, level, message) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: log.newest
SELECT attempt, at FROM job_log WHERE job_id = ?1 ORDER BY seq DESC LIMIT 1;

-- name: log.list
SELECT seq, attempt, at, level, message FROM job_log
WHERE job_id = ?1 AND (?2 IS NULL OR attempt = ?2) AND seq > ?3
ORDER BY seq LIMIT ?4;
