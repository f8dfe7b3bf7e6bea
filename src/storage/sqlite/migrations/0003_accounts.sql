-- "user" is a reserved word of SQL, so the table of users is called account. Secrets are kept as hashes only.

CREATE TABLE organisation (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    org_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX account_email ON account (email) WHERE password_hash <> '' AND email <> '';

CREATE TABLE api_key (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL,
    org_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_of_account ON api_key (account_id, id);

CREATE TABLE session (
    hash TEXT NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL,
    org_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE ticket (
    hash TEXT NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL,
    org_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_expiry ON ticket (expires_at);

-- Requests with an Idempotency-Key and the job that the first of them made.
CREATE TABLE remembered_request (
    account_id BLOB NOT NULL,
    key TEXT NOT NULL,
    job_id BLOB NOT NULL,
    request_hash TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX remembered_request_age ON remembered_request (at);
