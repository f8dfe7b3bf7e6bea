-- Ids are 16 bytes, times whole microseconds since 1970 (UTC), JSON is text. The tables keep their rowid: rows are wide
-- and an index entry then costs eight bytes beside its columns.

CREATE TABLE job (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('import', 'export', 'validation', 'processing')),
    state TEXT NOT NULL CHECK (state IN ('scheduled', 'blocked', 'queued', 'running', 'retry_wait', 'cancelling',
                                         'completed', 'failed', 'cancelled')),
    progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    stage TEXT NOT NULL,
    message TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    attempts_max INTEGER NOT NULL,
    losses INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    parent BLOB,
    input TEXT NOT NULL CHECK (json_valid(input)),
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    result TEXT CHECK (result IS NULL OR json_valid(result)),
    filename TEXT NOT NULL,
    supplier_id TEXT,
    related_dataset_id BLOB,
    input_file_id BLOB,
    reference_file_id BLOB,
    template_id BLOB,
    result_file_id BLOB,
    error_code TEXT NOT NULL,
    error_message TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)),
    CHECK ((progress = 100) = (state = 'completed'))
) STRICT;

-- What the engine looks at is small whatever the length of the history: partial indexes over unfinished jobs.
-- External jobs are started by their owners: however many wait, no claim has to step over them.
CREATE INDEX job_queued ON job (priority DESC, id) WHERE state = 'queued' AND kind <> 'external';
CREATE INDEX job_due ON job (run_at) WHERE state IN ('scheduled', 'retry_wait');
-- completed_at is always null in it; with it the index alone answers what is counted.
CREATE INDEX job_unfinished ON job (owner, id, state, completed_at) WHERE completed_at IS NULL;
CREATE INDEX job_finished_of_owner ON job (owner, state, completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX job_finished ON job (state, completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX job_of_owner ON job (owner, created_at, id);
CREATE INDEX job_of_org ON job (org_id, created_at, id);
CREATE INDEX job_by_time ON job (created_at, id);
CREATE INDEX job_of_parent ON job (parent) WHERE parent IS NOT NULL;

CREATE TABLE job_lease (
    job_id BLOB NOT NULL PRIMARY KEY,
    attempt INTEGER NOT NULL,
    token BLOB NOT NULL,
    worker BLOB NOT NULL,
    claimed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_lease_of_worker ON job_lease (worker);

-- Attempt numbers repeat: one that was handed back does not count, and a person's retry starts at one again.
CREATE TABLE job_attempt (
    seq INTEGER PRIMARY KEY,
    job_id BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    worker TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT NOT NULL,
    error_code TEXT NOT NULL DEFAULT '',
    error_message TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX job_attempt_of_job ON job_attempt (job_id, seq);

CREATE TABLE worker (
    id BLOB NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    role TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a seq is never given twice, also when the newest events have been removed.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    version INTEGER NOT NULL,
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    subject BLOB NOT NULL,
    data TEXT NOT NULL
) STRICT;

CREATE TABLE file (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('receiving', 'stored', 'aborted')),
    filename TEXT NOT NULL,
    media_type TEXT NOT NULL,
    job_id BLOB,
    server BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX file_receiving ON file (server) WHERE state = 'receiving';
CREATE INDEX file_content ON file (sha256) WHERE sha256 <> '';
CREATE INDEX file_of_owner ON file (owner, created_at, id);
CREATE INDEX file_of_org ON file (org_id, created_at, id);
CREATE INDEX file_by_time ON file (created_at, id);

CREATE TABLE dataset (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    name TEXT NOT NULL,
    filename TEXT NOT NULL,
    supplier_id TEXT,
    job_id BLOB NOT NULL,
    file_id BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    version INTEGER NOT NULL,
    format TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    rows_in INTEGER NOT NULL,
    rows_rejected INTEGER NOT NULL,
    rows_reported INTEGER NOT NULL,
    column_count INTEGER NOT NULL,
    columns TEXT NOT NULL CHECK (json_valid(columns)),
    report TEXT NOT NULL CHECK (json_valid(report)),
    table_blob TEXT NOT NULL,
    text_blob TEXT NOT NULL,
    rejects_blob TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
-- One dataset per owner, bytes and version, whoever imports at the same time.
CREATE UNIQUE INDEX dataset_content ON dataset (owner, sha256, version);
CREATE INDEX dataset_of_owner ON dataset (owner, created_at, id);
CREATE INDEX dataset_of_org ON dataset (org_id, created_at, id);
CREATE INDEX dataset_by_time ON dataset (created_at, id);
CREATE INDEX dataset_table_blob ON dataset (table_blob) WHERE table_blob <> '';
CREATE INDEX dataset_text_blob ON dataset (text_blob) WHERE text_blob <> '';
CREATE INDEX dataset_rejects_blob ON dataset (rejects_blob) WHERE rejects_blob <> '';
