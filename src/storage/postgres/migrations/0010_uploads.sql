-- Uploads whose bytes come in pieces. Unless partial, each is for the file of the same id.
CREATE TABLE upload (
    id uuid NOT NULL PRIMARY KEY,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    part text NOT NULL CHECK (part IN ('whole', 'partial', 'final')),
    length_bytes bigint,  -- NULL: not told yet
    received_bytes bigint NOT NULL,
    metadata text NOT NULL,
    concat text NOT NULL,
    sha256 text NOT NULL,  -- of all bytes, once they are there
    job_id uuid,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX upload_expires ON upload (expires_at);
CREATE INDEX upload_content ON upload (sha256) WHERE sha256 <> '';
