-- What language models were asked: the record of what was sent and what it has cost.
CREATE TABLE llm_call (
    id uuid NOT NULL PRIMARY KEY,
    job_id uuid NOT NULL,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    purpose text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    shape text NOT NULL,
    attempt integer NOT NULL,
    outcome text NOT NULL,
    status integer NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    estimated boolean NOT NULL,
    cost_micros bigint NOT NULL,
    took_us bigint NOT NULL,
    sent text  -- the body; sealed as the payload of its job
);
CREATE INDEX llm_call_of_job ON llm_call (job_id, asked_at, id);
CREATE INDEX llm_call_by_age ON llm_call (asked_at);

-- What was spent, added to as calls are recorded: by a job, by a user on a day, by all in a month.
CREATE TABLE llm_spent (
    spender text NOT NULL,  -- 'job:<id>', 'user:<id>', 'all'
    period text NOT NULL,   -- '', '2026-11-28', '2026-11'
    tokens bigint NOT NULL,
    cost_micros bigint NOT NULL,
    spent_at timestamptz NOT NULL,
    PRIMARY KEY (spender, period)
);
CREATE INDEX llm_spent_by_age ON llm_spent (spent_at);

-- Answers by the SHA-256 of all they depend on, so that the same is asked once.
CREATE TABLE llm_answer (
    key text NOT NULL PRIMARY KEY,
    answer text NOT NULL,
    kept_at timestamptz NOT NULL
);
CREATE INDEX llm_answer_by_age ON llm_answer (kept_at);
