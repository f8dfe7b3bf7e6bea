-- JSON is kept as json, not jsonb: as it was written, byte for byte, and with every character that JSON knows.

CREATE TABLE job (
    id uuid NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    type text NOT NULL CHECK (type IN ('import', 'export', 'validation', 'processing')),
    state text NOT NULL CHECK (state IN ('scheduled', 'blocked', 'queued', 'running', 'retry_wait', 'cancelling',
                                         'completed', 'failed', 'cancelled')),
    progress integer NOT NULL CHECK (progress BETWEEN 0 AND 100),
    stage text NOT NULL,
    message text NOT NULL,
    queue text NOT NULL,
    priority integer NOT NULL,
    attempt integer NOT NULL,
    attempts_max integer NOT NULL,
    losses integer NOT NULL,
    crashes integer NOT NULL,
    run_at timestamptz NOT NULL,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    parent uuid,
    input json NOT NULL,
    metadata json NOT NULL,
    result json,
    filename text NOT NULL,
    supplier_id text,
    related_dataset_id uuid,
    input_file_id uuid,
    reference_file_id uuid,
    template_id uuid,
    result_file_id uuid,
    error_code text NOT NULL,
    error_message text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)),
    CHECK ((progress = 100) = (state = 'completed'))
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);

-- What the engine looks at is small whatever the length of the history: partial indexes over unfinished jobs.
-- External jobs are started by their owners: however many wait, no claim has to step over them.
CREATE INDEX job_queued ON job (priority DESC, id) WHERE state = 'queued' AND kind <> 'external';
CREATE INDEX job_due ON job (run_at) WHERE state IN ('scheduled', 'retry_wait');
CREATE INDEX job_unfinished ON job (owner, id, state) WHERE completed_at IS NULL;
CREATE INDEX job_finished_of_owner ON job (owner, state, completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX job_finished ON job (state, completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX job_of_owner ON job (owner, created_at, id);
CREATE INDEX job_of_org ON job (org_id, created_at, id);
CREATE INDEX job_by_time ON job (created_at, id);
CREATE INDEX job_of_parent ON job (parent) WHERE parent IS NOT NULL;

CREATE TABLE job_lease (
    job_id uuid NOT NULL PRIMARY KEY,
    attempt integer NOT NULL,
    token uuid NOT NULL,
    worker uuid NOT NULL,
    claimed_at timestamptz NOT NULL
);
ALTER TABLE job_lease SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
                           autovacuum_vacuum_cost_delay = 0);
CREATE INDEX job_lease_of_worker ON job_lease (worker);

-- Attempt numbers repeat: one that was handed back does not count, and a person's retry starts at one again.
CREATE TABLE job_attempt (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    worker text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text NOT NULL,
    error_code text NOT NULL DEFAULT '',
    error_message text NOT NULL DEFAULT ''
);
CREATE INDEX job_attempt_of_job ON job_attempt (job_id, seq);

CREATE TABLE worker (
    id uuid NOT NULL PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    role text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);

-- Appended under one advisory lock, so the order of seq is the order of commits; see events.append.
CREATE TABLE event (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    type text NOT NULL,
    version integer NOT NULL,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    subject uuid NOT NULL,
    data json NOT NULL
);

CREATE TABLE file (
    id uuid NOT NULL PRIMARY KEY,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('receiving', 'stored', 'aborted')),
    filename text NOT NULL,
    media_type text NOT NULL,
    job_id uuid,
    server uuid NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX file_receiving ON file (server) WHERE state = 'receiving';
CREATE INDEX file_content ON file (sha256) WHERE sha256 <> '';
CREATE INDEX file_of_owner ON file (owner, created_at, id);
CREATE INDEX file_of_org ON file (org_id, created_at, id);
CREATE INDEX file_by_time ON file (created_at, id);

CREATE TABLE dataset (
    id uuid NOT NULL PRIMARY KEY,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    filename text NOT NULL,
    supplier_id text,
    job_id uuid NOT NULL,
    file_id uuid NOT NULL,
    sha256 text NOT NULL,
    version integer NOT NULL,
    format text NOT NULL,
    size_bytes bigint NOT NULL,
    row_count bigint NOT NULL,
    rows_in bigint NOT NULL,
    rows_rejected bigint NOT NULL,
    rows_reported bigint NOT NULL,
    column_count integer NOT NULL,
    columns json NOT NULL,
    report json NOT NULL,
    table_blob text NOT NULL,
    text_blob text NOT NULL,
    rejects_blob text NOT NULL,
    created_at timestamptz NOT NULL
);
-- One dataset per owner, bytes and version, whoever imports at the same time.
CREATE UNIQUE INDEX dataset_content ON dataset (owner, sha256, version);
CREATE INDEX dataset_of_owner ON dataset (owner, created_at, id);
CREATE INDEX dataset_of_org ON dataset (org_id, created_at, id);
CREATE INDEX dataset_by_time ON dataset (created_at, id);
CREATE INDEX dataset_table_blob ON dataset (table_blob) WHERE table_blob <> '';
CREATE INDEX dataset_text_blob ON dataset (text_blob) WHERE text_blob <> '';
CREATE INDEX dataset_rejects_blob ON dataset (rejects_blob) WHERE rejects_blob <> '';
