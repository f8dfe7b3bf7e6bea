-- define: account_columns
id, org_id, role, subject, name, email, password_hash, disabled, created_at, updated_at

-- define: api_key_columns
id, account_id, org_id, role, name, hash, created_at, expires_at, revoked_at, last_used_at

-- name: organisations.put
INSERT INTO organisation (id, name, created_at) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET name = excluded.name;

-- name: organisations.make
INSERT INTO organisation (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING;

-- name: organisations.get
SELECT id, name, created_at FROM organisation WHERE id = $1;

-- name: accounts.make
INSERT INTO account ({account_columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING;

-- name: accounts.put
INSERT INTO account ({account_columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET org_id = excluded.org_id, role = excluded.role, subject = excluded.subject,
    name = excluded.name, email = excluded.email, password_hash = excluded.password_hash, disabled = excluded.disabled,
    updated_at = excluded.updated_at;

-- name: accounts.get
SELECT {account_columns} FROM account WHERE id = $1;

-- name: accounts.by_email
SELECT {account_columns} FROM account WHERE email = $1 AND password_hash <> '' AND email <> '';

-- name: accounts.list
SELECT {account_columns} FROM account WHERE id > $1 ORDER BY id LIMIT $2;

-- name: accounts.has_credentials
SELECT EXISTS (SELECT 1 FROM account WHERE password_hash <> '' AND NOT disabled)
    OR EXISTS (SELECT 1 FROM api_key WHERE revoked_at IS NULL AND coalesce(expires_at, 'infinity') > $1) AS answer;

-- name: api_keys.put
INSERT INTO api_key ({api_key_columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET account_id = excluded.account_id, org_id = excluded.org_id, role = excluded.role,
    name = excluded.name, hash = excluded.hash, expires_at = excluded.expires_at, revoked_at = excluded.revoked_at,
    last_used_at = excluded.last_used_at;

-- name: api_keys.revoke
UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL;

-- name: api_keys.touch
-- At most once a minute, so that a busy key does not write with every request.
UPDATE api_key SET last_used_at = $2::timestamptz WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $2::timestamptz - interval '1 minute');

-- name: api_keys.get
SELECT {api_key_columns} FROM api_key WHERE id = $1;

-- name: api_keys.of_account
SELECT {api_key_columns} FROM api_key WHERE account_id = $1 ORDER BY created_at DESC, id DESC;

-- name: sessions.put
INSERT INTO session (hash, account_id, org_id, role, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (hash) DO UPDATE SET account_id = excluded.account_id, org_id = excluded.org_id, role = excluded.role,
    created_at = excluded.created_at, expires_at = excluded.expires_at;

-- name: sessions.end
DELETE FROM session WHERE hash = $1;

-- name: sessions.end_of_account
DELETE FROM session WHERE account_id = $1;

-- name: sessions.get
SELECT hash, account_id, org_id, role, created_at, expires_at FROM session WHERE hash = $1;

-- name: sessions.forget
DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2);

-- name: tickets.put
INSERT INTO ticket (hash, account_id, org_id, role, expires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (hash) DO NOTHING;

-- name: tickets.take
DELETE FROM ticket WHERE hash = $1 RETURNING hash, account_id, org_id, role, expires_at;

-- name: tickets.forget
DELETE FROM ticket WHERE hash IN (SELECT hash FROM ticket WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2);

-- name: requests.get
-- Only those younger than $3.
SELECT job_id, request_hash, at FROM remembered_request WHERE account_id = $1 AND key = $2 AND at > $3;

-- name: requests.drop_old
DELETE FROM remembered_request WHERE account_id = $1 AND key = $2 AND at <= $3;

-- name: requests.insert
INSERT INTO remembered_request (account_id, key, job_id, request_hash, at) VALUES ($1, $2, $3, $4, $5);

-- name: requests.forget
DELETE FROM remembered_request
WHERE (account_id, key) IN (SELECT account_id, key FROM remembered_request WHERE at <= $1 ORDER BY at LIMIT $2);
