#pragma once

#include "base/scope.hpp"
#include "query/query.hpp"
#include "webhooks/webhook.hpp"

namespace millrace::webhooks {

/// What webhooks can be filtered and sorted by; free text looks into url and description.
std::span<const query::Field> list_fields();
/// The same for deliveries.
std::span<const query::Field> delivery_fields();

struct ListRequest {
    query::Filter filter;
    query::Sort sort;
    std::optional<std::string> cursor;
    int limit = 50;
};

struct WebhookPage {
    std::vector<Webhook> items;
    std::optional<std::string> next_cursor;
};

struct DeliveryPage {
    std::vector<Delivery> items;
    std::optional<std::string> next_cursor;
};

/// A host with deliveries that wait, and when the first of them is due.
struct WaitingHost {
    std::string host;
    Instant due_at{};
};

struct Claim {
    std::string host;
    int limit = 1;
    Instant now{};
    Instant until{};  ///< another claim may take it from then on
};

struct Claimed {
    Delivery delivery;
    Webhook webhook;
    Uuid token;
};

/// What the module asks of storage beside its ops: reads, and the claim.
struct WebhookStore {
    virtual ~WebhookStore() = default;

    virtual std::optional<Webhook> get(const Uuid& id, const Scope& scope) = 0;
    virtual WebhookPage list(const Scope& scope, const ListRequest& request) = 0;
    virtual std::int64_t count(const Uuid& owner) = 0;
    /// Enabled webhooks of these owners.
    virtual std::vector<Webhook> enabled(const std::vector<Uuid>& owners) = 0;
    /// Is any webhook enabled?
    virtual bool any_enabled() = 0;

    /// How far the log of events has been looked through.
    virtual std::int64_t cursor() = 0;

    virtual std::optional<Delivery> delivery(const Uuid& webhook, const Uuid& id, const Scope& scope) = 0;
    virtual DeliveryPage deliveries(const Uuid& webhook, const Scope& scope, const ListRequest& request) = 0;
    /// Oldest first.
    virtual std::vector<Attempt> attempts(const Uuid& delivery) = 0;

    /// By host, so that one that answers slowly keeps nobody else waiting. Costs a step per host, not per delivery.
    virtual std::vector<WaitingHost> waiting() = 0;
    /// Takes deliveries that are due, oldest due first. Each is sent by whoever holds its token until the claim ends.
    virtual std::vector<Claimed> claim(const std::vector<Claim>& claims) = 0;
};

}  // namespace millrace::webhooks
