-- Uploads whose bytes come in pieces. Unless partial, each is for the file of the same id.
CREATE TABLE upload (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    part TEXT NOT NULL CHECK (part IN ('whole', 'partial', 'final')),
    length_bytes INTEGER,  -- NULL: not told yet
    received_bytes INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    concat TEXT NOT NULL,
    sha256 TEXT NOT NULL,  -- of all bytes, once they are there
    job_id BLOB,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX upload_expires ON upload (expires_at);
CREATE INDEX upload_content ON upload (sha256) WHERE sha256 <> '';
