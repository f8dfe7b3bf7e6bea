-- Subscriptions to events, what is on its way to each of them, and every attempt. Secrets are kept as they are: they
-- sign every attempt.

CREATE TABLE webhook (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    types TEXT NOT NULL CHECK (json_valid(types)),
    format TEXT NOT NULL CHECK (format IN ('standard', 'cloudevents')),
    secret TEXT NOT NULL,
    previous_secret TEXT NOT NULL,
    previous_until INTEGER,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    disabled_reason TEXT NOT NULL,
    version INTEGER NOT NULL,
    after_seq INTEGER NOT NULL,
    held_until INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_enabled ON webhook (owner) WHERE enabled;
CREATE INDEX webhook_of_owner ON webhook (owner, created_at, id);
CREATE INDEX webhook_of_org ON webhook (org_id, created_at, id);
CREATE INDEX webhook_by_time ON webhook (created_at, id);

-- Those removed whose deliveries are still to be swept away.
CREATE TABLE webhook_removed (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    removed_at INTEGER NOT NULL
) STRICT;

-- How far the log of events has been looked through, for all servers. Those that came before there were webhooks
-- belong to none.
CREATE TABLE webhook_cursor (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO webhook_cursor (id, seq) SELECT 1, coalesce(max(seq), 0) FROM event;

-- A claimed one is pending and has a token; next_at is then when the claim ends.
CREATE TABLE webhook_delivery (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    webhook_id BLOB NOT NULL,
    owner BLOB NOT NULL,
    org_id BLOB NOT NULL,
    event_seq INTEGER,
    type TEXT NOT NULL,
    subject BLOB NOT NULL,
    format TEXT NOT NULL,
    body TEXT NOT NULL,
    host TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL,
    round INTEGER NOT NULL,
    last_status INTEGER,
    last_error TEXT NOT NULL,
    next_at INTEGER NOT NULL,
    round_at INTEGER NOT NULL,
    token BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
-- One per webhook and event, whoever makes it and however often; tests have no event.
CREATE UNIQUE INDEX webhook_delivery_event ON webhook_delivery (webhook_id, event_seq);
-- What the sender looks at is small whatever the length of the history.
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (host, next_at, id) WHERE state = 'pending';
CREATE INDEX webhook_delivery_waiting_of ON webhook_delivery (webhook_id) WHERE state = 'pending';
CREATE INDEX webhook_delivery_ended ON webhook_delivery (updated_at) WHERE state <> 'pending';
CREATE INDEX webhook_delivery_of ON webhook_delivery (webhook_id, created_at, id);

CREATE TABLE webhook_attempt (
    delivery_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    status INTEGER,
    error_code TEXT NOT NULL,
    error TEXT NOT NULL,
    response TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT;
