#include "storage/detail/webhook_ops.hpp"

#include "storage/detail/rows.hpp"
#include "webhooks/view.hpp"

namespace millrace::storage::detail {
namespace {

using webhooks::Webhook;

constexpr int forgotten_max = 1000;

std::optional<Webhook> locked(Tx& tx, const Uuid& id) {
    return one(tx.db, Statement::webhooks_lock, args(id), read_webhook);
}

json::array types_of(const Webhook& webhook) {
    json::array out;
    for (const auto& type : webhook.types) out.emplace_back(type);
    return out;
}

std::int64_t newest_event(Tx& tx) {
    return one(tx.db, Statement::events_newest, {}, [](const Row& row) { return row.integer(0); }).value_or(0);
}

void insert_webhook(Tx& tx, const Webhook& w) {
    tx.db.later(Statement::webhooks_insert,
                args(w.id, w.owner, w.org, w.url, w.description, types_of(w), w.format, w.secret.expose(),
                     w.previous_secret.expose(), w.previous_until, w.enabled, w.disabled_reason, w.version,
                     newest_event(tx), w.created_at, w.updated_at));
}

void replace_webhook(Tx& tx, const Webhook& before, const Webhook& w) {
    const bool starts = w.enabled && !before.enabled;
    tx.db.later(Statement::webhooks_replace,
                args(w.id, w.url, w.description, types_of(w), w.format, w.secret.expose(), w.previous_secret.expose(),
                     w.previous_until, w.enabled, w.disabled_reason, w.version,
                     starts ? newest_event(tx) : before.after, w.updated_at));
    if (!w.enabled) tx.db.later(Statement::deliveries_cancel_waiting, args(w.id, w.updated_at));
    else if (w.url != before.url) tx.db.later(Statement::deliveries_move_waiting, args(w.id, webhooks::host_of(w.url)));
}

events::Event disabled_event(const Webhook& webhook, Instant at) {
    events::Event event;
    event.at = at;
    event.type = "webhook.disabled";
    event.owner = webhook.owner;
    event.org = webhook.org;
    event.subject = webhook.id;
    event.data = to_json(webhooks::view(webhook));
    return event;
}

}  // namespace

ledger::Committed webhook_unchanged(Tx& tx, const webhooks::Unchanged& op) {
    const auto webhook = locked(tx, op.webhook);
    return webhook && webhook->version == op.version ? applied : lost;
}

ledger::Committed cursor_at(Tx& tx, const webhooks::CursorAt& op) {
    const auto seq = one(tx.db, Statement::webhooks_lock_cursor, {}, [](const Row& row) { return row.integer(0); });
    return seq == op.seq ? applied : lost;
}

ledger::Committed delivery_held(Tx& tx, const webhooks::Held& op) {
    return one(tx.db, Statement::deliveries_held, args(op.delivery, op.token), read_id) ? applied : lost;
}

void put_webhook(Tx& tx, const webhooks::Put& op) {
    if (const auto before = locked(tx, op.webhook.id)) replace_webhook(tx, *before, op.webhook);
    else insert_webhook(tx, op.webhook);
}

void remove_webhook(Tx& tx, const webhooks::Remove& op) {
    tx.db.later(Statement::webhooks_put_removed, args(op.webhook, op.at));
    tx.db.later(Statement::webhooks_remove, args(op.webhook));
    tx.db.later(Statement::deliveries_cancel_waiting, args(op.webhook, op.at));
}

void disable_webhook(Tx& tx, const webhooks::Disable& op) {
    if (op.silent_since && one(tx.db, Statement::deliveries_delivered_since, args(op.webhook, *op.silent_since), read_id)) return;
    const auto webhook = one(tx.db, Statement::webhooks_disable, args(op.webhook, op.reason, op.at), read_webhook);
    if (!webhook) return;
    tx.db.later(Statement::deliveries_cancel_waiting, args(op.webhook, op.at));
    tx.tell(disabled_event(*webhook, op.at));
}

void hold_webhook(Tx& tx, const webhooks::Hold& op) {
    tx.db.later(Statement::webhooks_hold, args(op.webhook, op.until));
    tx.db.later(Statement::deliveries_hold_waiting, args(op.webhook, op.until));
}

void move_cursor(Tx& tx, const webhooks::MoveCursor& op) { tx.db.later(Statement::webhooks_move_cursor, args(op.seq)); }

void enqueue_delivery(Tx& tx, const webhooks::Enqueue& op) {
    const auto& d = op.delivery;
    tx.db.later(Statement::deliveries_enqueue,
                args(d.id, d.webhook, d.seq, d.type, d.subject, d.format, d.body, d.host, d.created_at));
}

void record_attempt(Tx& tx, const webhooks::Record& op) {
    const auto& a = op.attempt;
    const auto at = a.at + a.took;
    tx.db.later(Statement::deliveries_put_attempt,
                args(a.delivery, a.number, a.at, a.took.count(), a.status, a.error_code, a.error, a.response));
    tx.db.later(Statement::deliveries_record,
                args(a.delivery, op.state, a.number, op.round, a.status, a.error,
                     op.state == webhooks::DeliveryState::pending ? op.next_at : at, at));
}

void release_delivery(Tx& tx, const webhooks::Release& op) {
    tx.db.later(Statement::deliveries_release, args(op.delivery, op.at));
}

void release_deliveries(Tx& tx, const webhooks::ReleaseAll& op) {
    tx.db.later(Statement::deliveries_release_all, args(op.at));
}

void redeliver(Tx& tx, const webhooks::Redeliver& op) {
    tx.db.later(Statement::deliveries_redeliver, args(op.delivery, op.at));
}

void forget_deliveries(Tx& tx, const webhooks::Forget& op) {
    auto ids = all(tx.db, Statement::deliveries_ended_before, args(op.ended_before, forgotten_max), read_id);
    const auto orphans = all(tx.db, Statement::deliveries_of_removed, args(forgotten_max), read_id);
    ids.insert(ids.end(), orphans.begin(), orphans.end());
    for (const auto& id : ids) {
        tx.db.later(Statement::deliveries_remove_attempts, args(id));
        tx.db.later(Statement::deliveries_remove, args(id));
    }
    tx.db.later(Statement::webhooks_forget_removed, {});
}

}  // namespace millrace::storage::detail
