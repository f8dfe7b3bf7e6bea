-- "user" is a reserved word of SQL, so the table of users is called account. Secrets are kept as hashes only.

CREATE TABLE organisation (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE account (
    id uuid NOT NULL PRIMARY KEY,
    org_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'admin')),
    subject text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    password_hash text NOT NULL,
    disabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX account_email ON account (email) WHERE password_hash <> '' AND email <> '';

CREATE TABLE api_key (
    id uuid NOT NULL PRIMARY KEY,
    account_id uuid NOT NULL,
    org_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'admin')),
    name text NOT NULL,
    hash text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_key_of_account ON api_key (account_id, id);

CREATE TABLE session (
    hash text NOT NULL PRIMARY KEY,
    account_id uuid NOT NULL,
    org_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'admin')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_of_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE ticket (
    hash text NOT NULL PRIMARY KEY,
    account_id uuid NOT NULL,
    org_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'admin')),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ticket_expiry ON ticket (expires_at);

-- Requests with an Idempotency-Key and the job that the first of them made.
CREATE TABLE remembered_request (
    account_id uuid NOT NULL,
    key text NOT NULL,
    job_id uuid NOT NULL,
    request_hash text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX remembered_request_age ON remembered_request (at);
