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

-- Enqueues a job as a part of the caller's own transaction: it is there when that commits, and only then. Workers find
-- it within their poll interval. The kind must be one that the installation knows; nothing else is checked here.
CREATE FUNCTION millrace_enqueue(kind text, input json, owner uuid, queue text DEFAULT 'default', priority integer DEFAULT 0,
                                 run_at timestamptz DEFAULT NULL, type text DEFAULT 'processing',
                                 attempts_max integer DEFAULT 3)
RETURNS uuid LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    at timestamptz := clock_timestamp();
    -- UUIDv7: 48 bits of milliseconds, version, random.
    new_id uuid := encode(overlay(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6)
        PLACING substring(set_byte('\x00', 0, (get_byte(uuid_send(gen_random_uuid()), 0) & 15) | 112) FROM 1 FOR 1) FROM 7 FOR 1), 'hex')::uuid;
    new_state text := CASE WHEN run_at > at THEN 'scheduled' ELSE 'queued' END;
    shard text := 'sql-' || floor(random() * 64)::int;
    org_id uuid;
    served bigint;
    last bigint;
BEGIN
    SELECT account.org_id INTO org_id FROM account WHERE account.id = millrace_enqueue.owner;
    IF org_id IS NULL THEN
        RAISE EXCEPTION 'millrace_enqueue: there is no user %', owner USING ERRCODE = 'foreign_key_violation';
    END IF;
    SELECT j.turn INTO served FROM job AS j
    WHERE j.state = 'queued' AND j.kind <> 'external' AND j.limit_key IS NULL AND j.queue = millrace_enqueue.queue
      AND j.priority = millrace_enqueue.priority
    ORDER BY j.turn LIMIT 1;
    SELECT max(j.turn) INTO last FROM job AS j
    WHERE j.owner = millrace_enqueue.owner AND j.completed_at IS NULL AND j.queue = millrace_enqueue.queue
      AND j.priority = millrace_enqueue.priority;
    INSERT INTO queue (name, updated_at) VALUES (queue, at) ON CONFLICT (name) DO NOTHING;
    INSERT INTO job (id, kind, type, state, progress, stage, message, queue, priority, attempt, attempts_max, losses, crashes,
                     run_at, owner, org_id, input, metadata, filename, error_code, error_message, created_at, updated_at, turn)
    VALUES (new_id, kind, type, new_state, 0, '', '', queue, priority, 0, attempts_max, 0, 0, coalesce(run_at, at), owner, org_id,
            input, '{}', '', '', '', at, at, greatest(coalesce(served, 0), coalesce(last, 0)) + 1);
    INSERT INTO job_count (queue, state, server, number) VALUES (queue, new_state, shard, 1)
    ON CONFLICT ON CONSTRAINT job_count_pkey DO UPDATE SET number = job_count.number + 1;
    INSERT INTO job_stat (minute, queue, kind, outcome, server, number, wait_us, run_us)
    VALUES (date_trunc('minute', at), queue, kind, 'created', shard, 1, 0, 0)
    ON CONFLICT ON CONSTRAINT job_stat_pkey DO UPDATE SET number = job_stat.number + 1;
    RETURN new_id;
END $$;

-- The history of one object.
CREATE INDEX event_of_subject ON event (subject, seq);
