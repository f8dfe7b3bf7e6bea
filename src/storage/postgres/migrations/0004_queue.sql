-- Queues, limits, fairness, workflows, schedules, logs.

-- Place in a queue: jobs of one owner count up, owners interleave, so that a backlog of one never stands before
-- another's first job.
ALTER TABLE job ADD COLUMN turn bigint NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN tags json NOT NULL DEFAULT '[]';
ALTER TABLE job ADD COLUMN options json NOT NULL DEFAULT '{}';
ALTER TABLE job ADD COLUMN limit_key text;
ALTER TABLE job ADD COLUMN unique_key text;
ALTER TABLE job ADD COLUMN cache_key text;
ALTER TABLE job ADD COLUMN deadline timestamptz;
ALTER TABLE job ADD COLUMN schedule_id uuid;
ALTER TABLE job ADD COLUMN waiting_on integer NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN needed boolean NOT NULL DEFAULT false;
ALTER TABLE job ADD COLUMN children json;
ALTER TABLE job ADD COLUMN checkpoint json;
ALTER TABLE job ADD COLUMN acknowledged_at timestamptz;

DROP INDEX job_due;
CREATE INDEX job_due ON job (state, run_at) WHERE state IN ('scheduled', 'retry_wait');
DROP INDEX job_queued;
CREATE INDEX job_queued ON job (queue, priority DESC, turn, id)
    WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL;
CREATE INDEX job_queued_by_key ON job (queue, limit_key, priority DESC, turn, id)
    WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NOT NULL;
CREATE INDEX job_unique ON job (owner, unique_key, id) WHERE unique_key IS NOT NULL;
CREATE INDEX job_cache ON job (owner, cache_key, completed_at) WHERE cache_key IS NOT NULL AND state = 'completed';
CREATE INDEX job_deadline ON job (deadline) WHERE deadline IS NOT NULL AND completed_at IS NULL;

-- A job waits for those it needs.
CREATE TABLE job_need (
    job_id uuid NOT NULL,
    needs_id uuid NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('success', 'failure', 'end')),
    state text NOT NULL CHECK (state IN ('waiting', 'met', 'missed')),
    PRIMARY KEY (job_id, needs_id)
);
CREATE INDEX job_need_of ON job_need (needs_id);

ALTER TABLE job_lease ADD COLUMN queue text NOT NULL DEFAULT '';
ALTER TABLE job_lease ADD COLUMN limit_key text;
CREATE INDEX job_lease_of_queue ON job_lease (queue, limit_key);

CREATE TABLE queue (
    name text NOT NULL PRIMARY KEY,
    paused boolean NOT NULL DEFAULT false,
    running_max integer,
    rate_count integer,
    rate_period bigint,
    key_running_max integer,
    key_rate_count integer,
    key_rate_period bigint,
    free_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
INSERT INTO queue (name, updated_at) VALUES ('default', now());
INSERT INTO queue (name, updated_at) SELECT DISTINCT queue, now() FROM job WHERE queue <> 'default' AND completed_at IS NULL;

-- When the rate of a key allows the next start.
CREATE TABLE limit_bucket (
    queue text NOT NULL,
    limit_key text NOT NULL,
    free_at timestamptz NOT NULL,
    PRIMARY KEY (queue, limit_key)
);

CREATE TABLE job_log (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    level text NOT NULL,
    message text NOT NULL
);
CREATE INDEX job_log_of_job ON job_log (job_id, seq);

-- Kinds that remote workers run.
CREATE TABLE job_kind (
    name text NOT NULL PRIMARY KEY,
    type text NOT NULL,
    label text NOT NULL,
    attempts_max integer NOT NULL,
    options json NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE schedule (
    id uuid NOT NULL PRIMARY KEY,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    cron text NOT NULL,
    zone text NOT NULL,
    catch_up text NOT NULL CHECK (catch_up IN ('none', 'last', 'all')),
    enabled boolean NOT NULL,
    job json NOT NULL,
    next_at timestamptz,
    last_at timestamptz,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX schedule_due ON schedule (next_at) WHERE enabled;
CREATE INDEX schedule_of_owner ON schedule (owner, created_at, id);
CREATE INDEX schedule_of_org ON schedule (org_id, created_at, id);
CREATE INDEX schedule_by_time ON schedule (created_at, id);

-- A slot is fired by whoever inserts it first.
CREATE TABLE schedule_slot (
    schedule_id uuid NOT NULL,
    slot_at timestamptz NOT NULL,
    job_id uuid NOT NULL,
    PRIMARY KEY (schedule_id, slot_at)
);

-- Kept by the writer as jobs move, so that nothing is ever counted.
CREATE TABLE job_count (
    queue text NOT NULL,
    state text NOT NULL,
    server text NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (queue, state, server)
);
INSERT INTO job_count (queue, state, server, number)
SELECT queue, state, '', count(*) FROM job WHERE completed_at IS NULL GROUP BY queue, state;

-- What happened in each minute; *_us are sums over the jobs.
CREATE TABLE job_stat (
    minute timestamptz NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    outcome text NOT NULL,
    server text NOT NULL,
    number bigint NOT NULL,
    wait_us bigint NOT NULL,
    run_us bigint NOT NULL,
    PRIMARY KEY (minute, queue, kind, outcome, server)
);
