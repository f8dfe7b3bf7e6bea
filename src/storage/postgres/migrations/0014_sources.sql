-- Where documents come from, and what each was given.
CREATE TABLE data_source (
    id uuid NOT NULL PRIMARY KEY,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    name text NOT NULL,
    source_type text NOT NULL CHECK (source_type IN ('file_upload', 'website')),
    description text NOT NULL,
    config text NOT NULL,
    builtin boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX data_source_of_owner ON data_source (owner, created_at, id);

CREATE TABLE submission (
    job_id uuid NOT NULL PRIMARY KEY,
    source_id uuid NOT NULL,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    resource_type text NOT NULL CHECK (resource_type IN ('file', 'url')),
    url text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX submission_of_source ON submission (source_id, job_id);
CREATE INDEX submission_of_owner ON submission (source_id, owner, job_id);
