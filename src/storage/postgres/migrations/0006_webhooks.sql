-- Subscriptions to events, what is on its way to each of them, and every attempt. Secrets are kept as they are: they
-- sign every attempt.

CREATE TABLE webhook (
    id uuid NOT NULL PRIMARY KEY,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    types json NOT NULL,
    format text NOT NULL CHECK (format IN ('standard', 'cloudevents')),
    secret text NOT NULL,
    previous_secret text NOT NULL,
    previous_until timestamptz,
    enabled boolean NOT NULL,
    disabled_reason text NOT NULL,
    version integer NOT NULL,
    after_seq bigint NOT NULL,
    held_until timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX webhook_enabled ON webhook (owner) WHERE enabled;
CREATE INDEX webhook_of_owner ON webhook (owner, created_at, id);
CREATE INDEX webhook_of_org ON webhook (org_id, created_at, id);
CREATE INDEX webhook_by_time ON webhook (created_at, id);

-- Those removed whose deliveries are still to be swept away.
CREATE TABLE webhook_removed (
    id uuid NOT NULL PRIMARY KEY,
    removed_at timestamptz NOT NULL
);

-- How far the log of events has been looked through, for all servers. Those that came before there were webhooks
-- belong to none.
CREATE TABLE webhook_cursor (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    seq bigint NOT NULL
);
INSERT INTO webhook_cursor (id, seq) SELECT 1, coalesce(max(seq), 0) FROM event;

-- A claimed one is pending and has a token; next_at is then when the claim ends.
CREATE TABLE webhook_delivery (
    id uuid NOT NULL PRIMARY KEY,
    webhook_id uuid NOT NULL,
    owner uuid NOT NULL,
    org_id uuid NOT NULL,
    event_seq bigint,
    type text NOT NULL,
    subject uuid NOT NULL,
    format text NOT NULL,
    body text NOT NULL,
    host text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    attempts integer NOT NULL,
    round integer NOT NULL,
    last_status integer,
    last_error text NOT NULL,
    next_at timestamptz NOT NULL,
    round_at timestamptz NOT NULL,
    token uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
-- One per webhook and event, whoever makes it and however often; tests have no event.
CREATE UNIQUE INDEX webhook_delivery_event ON webhook_delivery (webhook_id, event_seq);
-- What the sender looks at is small whatever the length of the history.
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (host, next_at, id) WHERE state = 'pending';
CREATE INDEX webhook_delivery_waiting_of ON webhook_delivery (webhook_id) WHERE state = 'pending';
CREATE INDEX webhook_delivery_ended ON webhook_delivery (updated_at) WHERE state <> 'pending';
CREATE INDEX webhook_delivery_of ON webhook_delivery (webhook_id, created_at, id);

CREATE TABLE webhook_attempt (
    delivery_id uuid NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    took_us bigint NOT NULL,
    status integer,
    error_code text NOT NULL,
    error text NOT NULL,
    response text NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
