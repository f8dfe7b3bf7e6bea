-- Queues, limits, fairness, workflows, schedules, logs.

-- Place in a queue: jobs of one owner count up, owners interleave, so that a backlog of one never stands before
-- another's first job.
ALTER TABLE job ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags));
ALTER TABLE job ADD COLUMN options TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(options));
ALTER TABLE job ADD COLUMN limit_key TEXT;
ALTER TABLE job ADD COLUMN unique_key TEXT;
ALTER TABLE job ADD COLUMN cache_key TEXT;
ALTER TABLE job ADD COLUMN deadline INTEGER;
ALTER TABLE job ADD COLUMN schedule_id BLOB;
ALTER TABLE job ADD COLUMN waiting_on INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN needed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN children TEXT CHECK (children IS NULL OR json_valid(children));
ALTER TABLE job ADD COLUMN checkpoint TEXT CHECK (checkpoint IS NULL OR json_valid(checkpoint));
ALTER TABLE job ADD COLUMN acknowledged_at INTEGER;

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
    job_id BLOB NOT NULL,
    needs_id BLOB NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'failure', 'end')),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'met', 'missed')),
    PRIMARY KEY (job_id, needs_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_need_of ON job_need (needs_id);

ALTER TABLE job_lease ADD COLUMN queue TEXT NOT NULL DEFAULT '';
ALTER TABLE job_lease ADD COLUMN limit_key TEXT;
CREATE INDEX job_lease_of_queue ON job_lease (queue, limit_key);

CREATE TABLE queue (
    name TEXT NOT NULL PRIMARY KEY,
    paused INTEGER NOT NULL DEFAULT 0,
    running_max INTEGER,
    rate_count INTEGER,
    rate_period INTEGER,
    key_running_max INTEGER,
    key_rate_count INTEGER,
    key_rate_period INTEGER,
    free_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO queue (name, updated_at) VALUES ('default', 0);
INSERT INTO queue (name, updated_at) SELECT DISTINCT queue, 0 FROM job WHERE queue <> 'default' AND completed_at IS NULL;

-- When the rate of a key allows the next start.
CREATE TABLE limit_bucket (
    queue TEXT NOT NULL,
    limit_key TEXT NOT NULL,
    free_at INTEGER NOT NULL,
    PRIMARY KEY (queue, limit_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_log (
    seq INTEGER PRIMARY KEY,
    job_id BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    level TEXT NOT NULL,
    message TEXT NOT NULL
) STRICT;
CREATE INDEX job_log_of_job ON job_log (job_id, seq);

-- Kinds that remote workers run.
CREATE TABLE job_kind (
    name TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    label TEXT NOT NULL,
    attempts_max INTEGER NOT NULL,
    options TEXT NOT NULL CHECK (json_valid(options)),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE schedule (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    name TEXT NOT NULL,
    cron TEXT NOT NULL,
    zone TEXT NOT NULL,
    catch_up TEXT NOT NULL CHECK (catch_up IN ('none', 'last', 'all')),
    enabled INTEGER NOT NULL,
    job TEXT NOT NULL CHECK (json_valid(job)),
    next_at INTEGER,
    last_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX schedule_due ON schedule (next_at) WHERE enabled = 1;
CREATE INDEX schedule_of_owner ON schedule (owner, created_at, id);
CREATE INDEX schedule_of_org ON schedule (org_id, created_at, id);
CREATE INDEX schedule_by_time ON schedule (created_at, id);

-- A slot is fired by whoever inserts it first.
CREATE TABLE schedule_slot (
    schedule_id BLOB NOT NULL,
    slot_at INTEGER NOT NULL,
    job_id BLOB NOT NULL,
    PRIMARY KEY (schedule_id, slot_at)
) STRICT, WITHOUT ROWID;

-- Kept by the writer as jobs move, so that nothing is ever counted.
CREATE TABLE job_count (
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    server TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (queue, state, server)
) STRICT, WITHOUT ROWID;
INSERT INTO job_count (queue, state, server, number)
SELECT queue, state, '', count(*) FROM job WHERE completed_at IS NULL GROUP BY queue, state;

-- What happened in each minute; *_us are sums over the jobs.
CREATE TABLE job_stat (
    minute INTEGER NOT NULL,
    queue TEXT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    server TEXT NOT NULL,
    number INTEGER NOT NULL,
    wait_us INTEGER NOT NULL,
    run_us INTEGER NOT NULL,
    PRIMARY KEY (minute, queue, kind, outcome, server)
) STRICT, WITHOUT ROWID;

-- The history of one object.
CREATE INDEX event_of_subject ON event (subject, seq);
