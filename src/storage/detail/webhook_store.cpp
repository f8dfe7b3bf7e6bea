#include <map>

#include "base/random.hpp"
#include "storage/detail/list.hpp"
#include "storage/detail/rows.hpp"
#include "storage/detail/stores.hpp"

namespace millrace::storage::detail {
namespace {

webhooks::Attempt read_attempt(const Row& row) {
    Reader r{row};
    webhooks::Attempt a;
    a.delivery = r.uuid();
    a.number = r.integer();
    a.at = r.instant();
    a.took = Duration{r.integer<std::int64_t>()};
    if (const auto status = r.maybe_integer()) a.status = static_cast<int>(*status);
    a.error_code = r.text();
    a.error = r.text();
    a.response = r.text();
    return a;
}

std::int64_t read_number(const Row& row) { return row.integer(0); }

/// What one claim takes; deliveries of a webhook that is gone or disabled meanwhile are cancelled instead.
void take(Tx& tx, const webhooks::Claim& claim, std::map<Uuid, std::optional<webhooks::Webhook>>& known,
          std::vector<webhooks::Claimed>& out) {
    Uuid token;
    fill_random(token.bytes);
    auto deliveries = all(tx.db, Statement::deliveries_claim, args(claim.host, claim.now, claim.limit, token, claim.until), read_delivery);
    std::ranges::sort(deliveries, {}, &webhooks::Delivery::id);  // RETURNING promises no order
    for (auto& delivery : deliveries) {
        const auto [it, is_new] = known.try_emplace(delivery.webhook);
        if (is_new) it->second = one(tx.db, Statement::webhooks_get, args(delivery.webhook), read_webhook);
        if (it->second && it->second->enabled) {
            out.push_back({std::move(delivery), *it->second, token});
            continue;
        }
        tx.db.later(Statement::deliveries_release, args(delivery.id, claim.now));
        tx.db.later(Statement::deliveries_cancel_waiting, args(delivery.webhook, claim.now));
    }
}

}  // namespace

std::optional<webhooks::Webhook> WebhookStore::get(const Uuid& id, const Scope& scope) {
    return seen_by(scope, reading(db_, [&](Session& s) { return one(s, Statement::webhooks_get, args(id), read_webhook); }));
}

webhooks::WebhookPage WebhookStore::list(const Scope& scope, const webhooks::ListRequest& r) {
    return reading(db_, [&](Session& s) {
        return detail::list<webhooks::WebhookPage>(s, webhook_list, scope, {r.filter, r.sort, r.cursor, r.limit}, read_webhook);
    });
}

std::int64_t WebhookStore::count(const Uuid& owner) {
    return reading(db_, [&](Session& s) { return one(s, Statement::webhooks_count, args(owner), read_number).value_or(0); });
}

std::vector<webhooks::Webhook> WebhookStore::enabled(const std::vector<Uuid>& owners) {
    return reading(db_, [&](Session& s) {
        std::vector<webhooks::Webhook> out;
        for (const auto& owner : owners) {
            s.later(Statement::webhooks_enabled, args(owner), [&out](const Row& row) { out.push_back(read_webhook(row)); });
        }
        s.flush();
        return out;
    });
}

bool WebhookStore::any_enabled() {
    return reading(db_, [&](Session& s) { return one(s, Statement::webhooks_any_enabled, {}, read_number).value_or(0) != 0; });
}

std::int64_t WebhookStore::cursor() {
    return reading(db_, [&](Session& s) { return one(s, Statement::webhooks_cursor, {}, read_number).value_or(0); });
}

std::optional<webhooks::Delivery> WebhookStore::delivery(const Uuid& webhook, const Uuid& id, const Scope& scope) {
    auto found = seen_by(scope, reading(db_, [&](Session& s) { return one(s, Statement::deliveries_get, args(id), read_delivery); }));
    if (found && found->webhook != webhook) found.reset();
    return found;
}

webhooks::DeliveryPage WebhookStore::deliveries(const Uuid& webhook, const Scope& scope, const webhooks::ListRequest& r) {
    auto filter = r.filter;
    filter.terms.push_back({.field = "webhook_id", .values = {webhook}});
    return reading(db_, [&](Session& s) {
        return detail::list<webhooks::DeliveryPage>(s, delivery_list, scope, {filter, r.sort, r.cursor, r.limit}, read_delivery);
    });
}

std::vector<webhooks::Attempt> WebhookStore::attempts(const Uuid& delivery) {
    return reading(db_, [&](Session& s) { return all(s, Statement::deliveries_attempts, args(delivery), read_attempt); });
}

std::vector<webhooks::WaitingHost> WebhookStore::waiting() {
    return reading(db_, [&](Session& s) {
        return all(s, Statement::deliveries_waiting, {}, [](const Row& row) {
            return webhooks::WaitingHost{std::string{row.text(0)}, row.instant(1)};
        });
    });
}

std::vector<webhooks::Claimed> WebhookStore::claim(const std::vector<webhooks::Claim>& claims) {
    std::vector<webhooks::Claimed> out;
    db_.claims().run([&](Tx& tx) {
        out.clear();  // it may run again
        std::map<Uuid, std::optional<webhooks::Webhook>> known;
        for (const auto& one : claims) take(tx, one, known, out);
    });
    return out;
}

}  // namespace millrace::storage::detail
