-- What language models were asked: the record of what was sent and what it has cost.
CREATE TABLE llm_call (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    job_id BLOB NOT NULL,
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    shape TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    sent TEXT  -- the body; sealed as the payload of its job
) STRICT;
CREATE INDEX llm_call_of_job ON llm_call (job_id, asked_at, id);
CREATE INDEX llm_call_by_age ON llm_call (asked_at);

-- What was spent, added to as calls are recorded: by a job, by a user on a day, by all in a month.
CREATE TABLE llm_spent (
    spender TEXT NOT NULL,  -- 'job:<id>', 'user:<id>', 'all'
    period TEXT NOT NULL,   -- '', '2026-11-28', '2026-11'
    tokens INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    spent_at INTEGER NOT NULL,
    PRIMARY KEY (spender, period)
) STRICT, WITHOUT ROWID;
CREATE INDEX llm_spent_by_age ON llm_spent (spent_at);

-- Answers by the SHA-256 of all they depend on, so that the same is asked once.
CREATE TABLE llm_answer (
    key TEXT NOT NULL PRIMARY KEY,
    answer TEXT NOT NULL,
    kept_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX llm_answer_by_age ON llm_answer (kept_at);
