-- Where documents come from, and what each was given.
CREATE TABLE data_source (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    name TEXT NOT NULL,
    source_type TEXT NOT NULL CHECK (source_type IN ('file_upload', 'website')),
    description TEXT NOT NULL,
    config TEXT NOT NULL,
    builtin INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX data_source_of_owner ON data_source (owner, created_at, id);

CREATE TABLE submission (
    job_id BLOB NOT NULL PRIMARY KEY,
    source_id BLOB NOT NULL,
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    resource_type TEXT NOT NULL CHECK (resource_type IN ('file', 'url')),
    url TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX submission_of_source ON submission (source_id, job_id);
CREATE INDEX submission_of_owner ON submission (source_id, owner, job_id);
