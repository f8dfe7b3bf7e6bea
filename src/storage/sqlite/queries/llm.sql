-- define: llm_call_columns
id, job_id, owner, org_id, asked_at, purpose, provider, model, shape, attempt, outcome, status, input_tokens, output_tokens, cached_tokens,
estimated, cost_micros, took_us, sent

-- name: llm.put_call
INSERT INTO llm_call ({llm_call_columns})
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
ON CONFLICT (id) DO NOTHING;

-- name: llm.spend
INSERT INTO llm_spent (spender, period, tokens, cost_micros, spent_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (spender, period) DO UPDATE SET tokens = llm_spent.tokens + excluded.tokens,
    cost_micros = llm_spent.cost_micros + excluded.cost_micros, spent_at = excluded.spent_at;

-- name: llm.spent
SELECT tokens, cost_micros FROM llm_spent WHERE spender = ?1 AND period = ?2;

-- name: llm.calls_of_job
SELECT {llm_call_columns} FROM llm_call WHERE job_id = ?1 ORDER BY asked_at, id LIMIT 1000;

-- name: llm.remove_calls
DELETE FROM llm_call WHERE job_id = ?1;

-- name: llm.keep_answer
INSERT INTO llm_answer (key, answer, kept_at) VALUES (?1, ?2, ?3)
ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, kept_at = excluded.kept_at;

-- name: llm.answer
SELECT answer FROM llm_answer WHERE key = ?1;

-- name: llm.forget_calls
DELETE FROM llm_call WHERE id IN (SELECT id FROM llm_call WHERE asked_at < ?1 ORDER BY asked_at LIMIT 1000);

-- name: llm.forget_spent
DELETE FROM llm_spent WHERE (spender, period) IN (SELECT spender, period FROM llm_spent WHERE spent_at < ?1 ORDER BY spent_at LIMIT 1000);

-- name: llm.forget_answers
DELETE FROM llm_answer WHERE key IN (SELECT key FROM llm_answer WHERE kept_at < ?1 ORDER BY kept_at LIMIT 1000);
