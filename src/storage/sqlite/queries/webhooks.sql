-- define: webhook_columns
id, owner, org_id, url, description, types, format, secret, previous_secret, previous_until, enabled, disabled_reason,
version, after_seq, held_until, created_at, updated_at

-- define: delivery_columns
id, webhook_id, owner, org_id, event_seq, type, subject, format, body, host, state, attempts, round, last_status,
last_error, next_at, round_at, created_at, updated_at

-- name: webhooks.lock
SELECT {webhook_columns} FROM webhook WHERE id = ?1;

-- name: webhooks.insert
INSERT INTO webhook (id, owner, org_id, url, description, types, format, secret, previous_secret, previous_until,
                     enabled, disabled_reason, version, after_seq, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16);

-- name: webhooks.replace
UPDATE webhook SET url = ?2, description = ?3, types = ?4, format = ?5, secret = ?6, previous_secret = ?7,
       previous_until = ?8, enabled = ?9, disabled_reason = ?10, version = ?11, after_seq = ?12, updated_at = ?13
WHERE id = ?1;

-- name: webhooks.remove
DELETE FROM webhook WHERE id = ?1;

-- name: webhooks.put_removed
INSERT INTO webhook_removed (id, removed_at)
SELECT id, ?2 FROM webhook WHERE id = ?1 ON CONFLICT (id) DO NOTHING;

-- name: webhooks.forget_removed
DELETE FROM webhook_removed
WHERE NOT EXISTS (SELECT 1 FROM webhook_delivery WHERE webhook_delivery.webhook_id = webhook_removed.id);

-- name: webhooks.disable
UPDATE webhook SET enabled = 0, disabled_reason = ?2, version = version + 1, updated_at = ?3
WHERE id = ?1 AND enabled RETURNING {webhook_columns};

-- name: webhooks.hold
UPDATE webhook SET held_until = ?2 WHERE id = ?1 AND (held_until IS NULL OR held_until < ?2);

-- name: webhooks.get
SELECT {webhook_columns} FROM webhook WHERE id = ?1;

-- name: webhooks.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {webhook_columns} FROM webhook;

-- name: webhooks.count
SELECT count(*) AS number FROM webhook WHERE owner = ?1;

-- name: webhooks.enabled
-- Nothing for an owner who may no longer log in.
SELECT {webhook_columns} FROM webhook
WHERE owner = ?1 AND enabled AND NOT EXISTS (SELECT 1 FROM account WHERE account.id = ?1 AND account.disabled);

-- name: webhooks.any_enabled
SELECT EXISTS (SELECT 1 FROM webhook WHERE enabled) AS answer;

-- name: webhooks.cursor
SELECT seq FROM webhook_cursor WHERE id = 1;

-- name: webhooks.lock_cursor
SELECT seq FROM webhook_cursor WHERE id = 1;

-- name: webhooks.move_cursor
UPDATE webhook_cursor SET seq = ?1 WHERE id = 1;

-- name: deliveries.enqueue
INSERT INTO webhook_delivery (id, webhook_id, owner, org_id, event_seq, type, subject, format, body, host, state,
                              attempts, round, last_error, next_at, round_at, created_at, updated_at)
SELECT ?1, id, owner, org_id, ?3, ?4, ?5, ?6, ?7, ?8, 'pending',
       0, 0, '', max(?9, coalesce(held_until, ?9)), ?9, ?9, ?9
FROM webhook WHERE id = ?2 AND enabled
ON CONFLICT DO NOTHING;

-- name: deliveries.held
SELECT id FROM webhook_delivery WHERE id = ?1 AND token = ?2;

-- name: deliveries.record
UPDATE webhook_delivery SET state = ?2, attempts = ?3, round = ?4, last_status = ?5, last_error = ?6,
       next_at = ?7, updated_at = ?8, token = NULL
WHERE id = ?1;

-- name: deliveries.put_attempt
INSERT INTO webhook_attempt (delivery_id, number, at, took_us, status, error_code, error, response)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (delivery_id, number) DO NOTHING;

-- name: deliveries.release
UPDATE webhook_delivery SET token = NULL, next_at = ?2 WHERE id = ?1 AND state = 'pending';

-- name: deliveries.release_all
UPDATE webhook_delivery SET token = NULL, next_at = ?1 WHERE state = 'pending' AND token IS NOT NULL;

-- name: deliveries.redeliver
-- A claim that has ended was left behind by a process that died.
UPDATE webhook_delivery SET state = 'pending', round = 0, round_at = ?2, next_at = ?2, updated_at = ?2, token = NULL
WHERE id = ?1 AND (token IS NULL OR next_at <= ?2)
  AND EXISTS (SELECT 1 FROM webhook WHERE webhook.id = webhook_delivery.webhook_id AND webhook.enabled);

-- name: deliveries.cancel_waiting
-- What is being sent right now ends by itself.
UPDATE webhook_delivery SET state = 'cancelled', updated_at = ?2, token = NULL
WHERE webhook_id = ?1 AND state = 'pending' AND (token IS NULL OR next_at <= ?2);

-- name: deliveries.hold_waiting
UPDATE webhook_delivery SET next_at = ?2 WHERE webhook_id = ?1 AND state = 'pending' AND token IS NULL AND next_at < ?2;

-- name: deliveries.move_waiting
UPDATE webhook_delivery SET host = ?2 WHERE webhook_id = ?1 AND state = 'pending' AND host <> ?2;

-- name: deliveries.delivered_since
SELECT id FROM webhook_delivery WHERE webhook_id = ?1 AND state = 'delivered' AND updated_at >= ?2 LIMIT 1;

-- name: deliveries.waiting
-- From host to host through the index, however many wait for each.
WITH RECURSIVE hosts (host) AS (
    SELECT (SELECT host FROM webhook_delivery WHERE state = 'pending' ORDER BY host LIMIT 1)
    UNION ALL
    SELECT (SELECT webhook_delivery.host FROM webhook_delivery
            WHERE state = 'pending' AND webhook_delivery.host > hosts.host ORDER BY webhook_delivery.host LIMIT 1)
    FROM hosts WHERE hosts.host IS NOT NULL)
SELECT host, (SELECT next_at FROM webhook_delivery WHERE state = 'pending' AND webhook_delivery.host = hosts.host
              ORDER BY next_at LIMIT 1) AS due_at
FROM hosts WHERE host IS NOT NULL;

-- name: deliveries.claim
UPDATE webhook_delivery SET token = ?4, next_at = ?5
WHERE rowid IN (SELECT rowid FROM webhook_delivery INDEXED BY webhook_delivery_waiting
                WHERE state = 'pending' AND host = ?1 AND next_at <= ?2 ORDER BY next_at, id LIMIT ?3)
RETURNING {delivery_columns};

-- name: deliveries.get
SELECT {delivery_columns} FROM webhook_delivery WHERE id = ?1;

-- name: deliveries.list
-- Conditions, order and limit are added by detail/list.cpp.
SELECT {delivery_columns} FROM webhook_delivery;

-- name: deliveries.attempts
SELECT delivery_id, number, at, took_us, status, error_code, error, response FROM webhook_attempt
WHERE delivery_id = ?1 ORDER BY number;

-- name: deliveries.ended_before
SELECT id FROM webhook_delivery WHERE state <> 'pending' AND updated_at < ?1 ORDER BY updated_at LIMIT ?2;

-- name: deliveries.of_removed
-- CROSS: from the few removed ones to their deliveries, never the other way round.
SELECT webhook_delivery.id FROM webhook_removed
CROSS JOIN webhook_delivery ON webhook_delivery.webhook_id = webhook_removed.id LIMIT ?1;

-- name: deliveries.remove_attempts
DELETE FROM webhook_attempt WHERE delivery_id = ?1;

-- name: deliveries.remove
DELETE FROM webhook_delivery WHERE id = ?1;
