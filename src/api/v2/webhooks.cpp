#include <boost/json/string.hpp>

#include "api/download.hpp"
#include "api/v2/routes.hpp"
#include "api/waiting.hpp"
#include "webhooks/ops.hpp"
#include "webhooks/payload.hpp"
#include "webhooks/signature.hpp"
#include "webhooks/view.hpp"

namespace millrace::api::v2 {
namespace {

using webhooks::Delivery;
using webhooks::Webhook;
using webhooks::WebhookView;

struct WebhookList {
    std::vector<WebhookView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(WebhookList, (), (items, next_cursor))

/// The only answers that show a secret: to its creation and its rotation.
struct WebhookWithSecret : WebhookView {
    std::string secret;
};
BOOST_DESCRIBE_STRUCT(WebhookWithSecret, (WebhookView), (secret))

struct NewWebhook {
    std::string url;
    std::vector<std::string> types;
    std::optional<std::string> description;
    webhooks::Format format = webhooks::Format::standard;
    std::optional<bool> enabled;
    static std::array<std::string_view, 2> required() { return {"url", "types"}; }
};
BOOST_DESCRIBE_STRUCT(NewWebhook, (), (url, types, description, format, enabled))

struct WebhookChange {
    std::optional<std::string> url;
    std::optional<std::vector<std::string>> types;
    std::optional<std::string> description;
    std::optional<webhooks::Format> format;
    std::optional<bool> enabled;
};
BOOST_DESCRIBE_STRUCT(WebhookChange, (), (url, types, description, format, enabled))

struct DeliveryView {
    Uuid id;
    Uuid webhook_id;
    std::optional<std::string> event_id;
    std::string type;
    Uuid subject;
    webhooks::DeliveryState state = webhooks::DeliveryState::pending;
    int attempts = 0;
    std::optional<int> last_status;
    std::optional<std::string> last_error;
    std::optional<Instant> next_attempt_at;
    Instant created_at{}, updated_at{};
    json::object links;
};
BOOST_DESCRIBE_STRUCT(DeliveryView, (),
                      (id, webhook_id, event_id, type, subject, state, attempts, last_status, last_error, next_attempt_at, created_at,
                       updated_at, links))

struct DeliveryList {
    std::vector<DeliveryView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(DeliveryList, (), (items, next_cursor))

struct AttemptView {
    int number = 1;
    Instant at{};
    std::int64_t duration_ms = 0;
    std::optional<int> status;
    std::optional<std::string> error_code;
    std::optional<std::string> error;
    std::string response;
};
BOOST_DESCRIBE_STRUCT(AttemptView, (), (number, at, duration_ms, status, error_code, error, response))

struct DeliveryDetail : DeliveryView {
    json::value payload;
    std::vector<AttemptView> history;
};
BOOST_DESCRIBE_STRUCT(DeliveryDetail, (DeliveryView), (payload, history))

std::optional<std::string> unless_empty(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return text;
}

template <class View = DeliveryView>
View view_of(const Delivery& delivery) {
    View out;
    out.id = delivery.id;
    out.webhook_id = delivery.webhook;
    if (delivery.seq) out.event_id = std::to_string(*delivery.seq);
    out.type = delivery.type;
    out.subject = delivery.subject;
    out.state = delivery.state;
    out.attempts = delivery.attempts;
    out.last_status = delivery.last_status;
    out.last_error = unless_empty(delivery.last_error);
    if (delivery.state == webhooks::DeliveryState::pending) out.next_attempt_at = delivery.next_at;
    out.created_at = delivery.created_at;
    out.updated_at = delivery.updated_at;
    const auto webhook = "/api/v2/webhooks/" + delivery.webhook.str();
    const auto self = webhook + "/deliveries/" + delivery.id.str();
    out.links = {{"self", self}, {"webhook", webhook}, {"redeliver", self + "/redeliver"}};
    return out;
}

AttemptView view_of(const webhooks::Attempt& attempt) {
    return {.number = attempt.number,
            .at = attempt.at,
            .duration_ms = std::chrono::floor<std::chrono::milliseconds>(attempt.took).count(),
            .status = attempt.status,
            .error_code = unless_empty(attempt.error_code),
            .error = unless_empty(attempt.error),
            .response = attempt.response};
}

Webhook find(Call& call) {
    auto webhook = call.services.webhooks.get(call.id(), call.scope());
    if (!webhook) throw Error{Code::not_found};
    return std::move(*webhook);
}

Delivery find_delivery(Call& call) {
    auto delivery = call.services.webhooks.delivery(find(call).id, call.id("delivery"), call.scope());
    if (!delivery) throw Error{Code::not_found};
    return std::move(*delivery);
}

std::string etag_of(const Webhook& webhook) { return strong_etag(to_json(webhooks::view(webhook))); }

http::Response webhook_response(int status, const Webhook& webhook) {
    auto response = http::Response::json(status, to_json(webhooks::view(webhook)));
    response.etag = etag_of(webhook);
    return response;
}

http::Response with_secret(int status, const Webhook& webhook) {
    WebhookWithSecret out;
    static_cast<WebhookView&>(out) = webhooks::view(webhook);
    out.secret = webhook.secret.expose();
    return http::Response::json(status, to_json(out));
}

http::Response accepted(const Delivery& delivery) {
    auto response = http::Response::json(202, to_json(view_of(delivery)));
    response.headers.set("Location", "/api/v2/webhooks/" + delivery.webhook.str() + "/deliveries/" + delivery.id.str());
    return response;
}

// What a user gives

void check_url(Call& call, const std::string& url, std::vector<Issue>& issues) {
    if (auto why = call.services.webhook_urls.refusal(url); !why.empty()) issues.push_back({"/url", "address_refused", std::move(why)});
}

void check_types(const std::vector<std::string>& types, std::vector<Issue>& issues) {
    if (types.empty()) issues.push_back({"/types", "required", "name at least one, or * for all"});
    if (types.size() > webhooks::types_max) {
        issues.push_back({"/types", "too_many", "at most " + std::to_string(webhooks::types_max)});
    }
    for (std::size_t i = 0; i < types.size() && i < webhooks::types_max; ++i) {
        if (webhooks::is_type_pattern(types[i])) continue;
        issues.push_back({"/types/" + std::to_string(i), "invalid", "expected a type such as job.completed, job.* or *"});
    }
}

void check_description(const std::string& text, std::vector<Issue>& issues) {
    if (text.size() <= webhooks::description_bytes_max) return;
    issues.push_back({"/description", "too_long", "at most " + std::to_string(webhooks::description_bytes_max) + " bytes"});
}

void require_none(std::vector<Issue> issues) {
    if (issues.empty()) return;
    Error error{Code::invalid_fields};
    error.issues = std::move(issues);
    throw error;
}

void set_enabled(Webhook& webhook, bool enabled) {
    if (webhook.enabled == enabled) return;
    webhook.enabled = enabled;
    webhook.disabled_reason = enabled ? std::string_view{} : webhooks::reason_owner;
}

// Webhooks

http::Begun list(Call& call) {
    const auto page = call.services.webhooks.list(call.scope(), list_request<webhooks::ListRequest>(call, webhooks::list_fields()));
    WebhookList out;
    for (const auto& webhook : page.items) out.items.push_back(webhooks::view(webhook));
    out.next_cursor = page.next_cursor;
    return http::Response::json(200, to_json(out));
}

http::Answer create(Call& call, NewWebhook body) {
    const int most = call.services.webhooks_settings.per_user;
    if (call.services.webhooks.count(call.who.scope.user) >= most) {
        throw Error{Code::conflict, {{"why", "you have " + std::to_string(most) + " webhooks already; remove one first"}}};
    }
    std::vector<Issue> issues;
    check_types(body.types, issues);
    if (body.description) check_description(*body.description, issues);
    check_url(call, body.url, issues);
    require_none(std::move(issues));
    Webhook webhook;
    webhook.id = Uuid::generate();
    webhook.owner = call.who.scope.user;
    webhook.org = call.who.scope.org;
    webhook.url = std::move(body.url);
    webhook.description = body.description.value_or("");
    webhook.types = std::move(body.types);
    webhook.format = body.format;
    webhook.secret = webhooks::make_secret();
    set_enabled(webhook, body.enabled.value_or(true));
    webhook.created_at = webhook.updated_at = call.services.clock.now();
    call.services.ledger.commit(std::move(ledger::Commit{}.add(webhooks::Put{webhook})));
    auto response = with_secret(201, webhook);
    response.headers.set("Location", "/api/v2/webhooks/" + webhook.id.str());
    return response;
}

/// Changes the webhook as it is now by `edit`; again when somebody was faster.
Webhook edited(Call& call, const std::function<void(Webhook&)>& edit) {
    for (;;) {
        auto webhook = find(call);
        if (const auto match = call.request.headers.find("if-match"); match && *match != "*" && *match != etag_of(webhook)) {
            throw Error{Code::precondition_failed};
        }
        const webhooks::Unchanged unchanged{webhook.id, webhook.version};
        edit(webhook);
        ++webhook.version;
        webhook.updated_at = call.services.clock.now();
        if (call.services.ledger.commit(std::move(ledger::Commit{}.guard(unchanged).add(webhooks::Put{webhook})))) return webhook;
    }
}

http::Answer change(Call& call, WebhookChange body) {
    find(call);
    std::vector<Issue> issues;
    if (body.types) check_types(*body.types, issues);
    if (body.description) check_description(*body.description, issues);
    if (body.url) check_url(call, *body.url, issues);
    require_none(std::move(issues));
    const auto webhook = edited(call, [&](Webhook& w) {
        if (body.url) w.url = *body.url;
        if (body.types) w.types = *body.types;
        if (body.description) w.description = *body.description;
        if (body.format) w.format = *body.format;
        if (body.enabled) set_enabled(w, *body.enabled);
    });
    return webhook_response(200, webhook);
}

http::Begun remove(Call& call) {
    const auto webhook = find(call);
    call.services.ledger.commit(std::move(ledger::Commit{}.add(webhooks::Remove{webhook.id, call.services.clock.now()})));
    return http::Response::empty(204);
}

http::Begun rotate(Call& call) {
    const auto fresh = webhooks::make_secret();
    const auto webhook = edited(call, [&](Webhook& w) {
        w.previous_secret = w.secret;
        w.previous_until = call.services.clock.now() + call.services.webhooks_settings.secret_overlap;
        w.secret = fresh;
    });
    return with_secret(200, webhook);
}

void require_enabled(const Webhook& webhook) {
    if (!webhook.enabled) throw Error{Code::conflict, {{"why", "the webhook is disabled; enable it first"}}};
}

http::Begun try_out(Call& call) {
    const auto webhook = find(call);
    require_enabled(webhook);
    const auto delivery = webhooks::test_delivery(webhook, call.services.clock.now());
    call.services.ledger.commit(std::move(ledger::Commit{}.add(webhooks::Enqueue{delivery})));
    call.services.wake_webhooks();
    return accepted(delivery);
}

// Deliveries

http::Begun deliveries(Call& call) {
    const auto webhook = find(call);
    const auto page = call.services.webhooks.deliveries(webhook.id, call.scope(),
                                                        list_request<webhooks::ListRequest>(call, webhooks::delivery_fields()));
    DeliveryList out;
    for (const auto& delivery : page.items) out.items.push_back(view_of(delivery));
    out.next_cursor = page.next_cursor;
    return http::Response::json(200, to_json(out));
}

http::Begun delivery(Call& call) {
    const auto found = find_delivery(call);
    auto out = view_of<DeliveryDetail>(found);
    out.payload = json::parse(found.body, 1000);
    for (const auto& attempt : call.services.webhooks.attempts(found.id)) out.history.push_back(view_of(attempt));
    return http::Response::json(200, to_json(out));
}

http::Begun redeliver(Call& call) {
    require_enabled(find(call));
    const auto found = find_delivery(call);
    call.services.ledger.commit(std::move(ledger::Commit{}.add(webhooks::Redeliver{found.id, call.services.clock.now()})));
    call.services.wake_webhooks();
    return accepted(find_delivery(call));
}

}  // namespace

void add_webhooks(Table& table) {
    const std::string base = "/api/v2/webhooks";
    const Reply not_found = reply_error(404, "No such webhook of yours");
    const Reply no_delivery = reply_error(404, "No such delivery of this webhook");
    const Reply fields = reply_error(422, "Fields that are not valid, or a URL that must not be called");
    const Reply disabled = reply_error(409, "The webhook is disabled");
    const Parameter path_delivery{.name = "delivery", .in = "path", .description = "Id of the delivery: its webhook-id",
                                  .schema = json::object{{"type", "string"}, {"format", "uuid"}}, .required = true};
    const Parameter if_match{.name = "If-Match", .in = "header", .description = "ETag of the webhook as you know it"};
    const json::value example{{"url", "https://hooks.example.com/millrace"}, {"types", json::array{"job.completed", "job.failed", "dataset.*"}}};

    table.add("GET", base, http::Lane::reads,
              {.id = "listWebhooks", .summary = "Your webhooks, without their secrets", .tag = "webhooks",
               .parameters = {query_filter(), query_sort(), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<WebhookList>()}, reply_error(400, "A parameter is not valid")}},
              list);
    table.add("POST", base, http::Lane::commits,
              {.id = "createWebhook", .summary = "Have events sent to a URL; the answer alone shows the secret that signs them", .tag = "webhooks",
               .body = Body{.schema = json_schema<NewWebhook>(), .example = example},
               .replies = {{201, "The webhook with its secret", json_schema<WebhookWithSecret>()},
                           reply_error(409, "You have as many as you may"), fields}},
              [](Call& call) { return with_json<NewWebhook>(call, create); });
    table.add("GET", base + "/{id}", http::Lane::reads,
              {.id = "getWebhook", .summary = "One webhook", .tag = "webhooks", .parameters = {path_id("webhook"), query_scope()},
               .replies = {{200, "The webhook", json_schema<WebhookView>()}, not_found}},
              [](Call& call) -> http::Begun { return webhook_response(200, find(call)); });
    table.add("PATCH", base + "/{id}", http::Lane::commits,
              {.id = "changeWebhook", .summary = "Change a webhook, switch it off or on again", .tag = "webhooks",
               .parameters = {path_id("webhook"), query_scope(), if_match},
               .body = Body{.schema = json_schema<WebhookChange>(), .example = json::object{{"types", json::array{"job.*"}}, {"enabled", false}}},
               .replies = {{200, "The webhook", json_schema<WebhookView>()}, not_found, reply_error(412, "It has changed since"), fields}},
              [](Call& call) { find(call); return with_json<WebhookChange>(call, change); });
    table.add("DELETE", base + "/{id}", http::Lane::commits,
              {.id = "deleteWebhook", .summary = "Remove a webhook and what waits to be sent to it", .tag = "webhooks",
               .parameters = {path_id("webhook"), query_scope()}, .replies = {{204, "Removed", nullptr}, not_found}},
              remove);
    table.add("POST", base + "/{id}/rotate-secret", http::Lane::commits,
              {.id = "rotateWebhookSecret", .summary = "A new secret; the one before signs as well for a day", .tag = "webhooks",
               .parameters = {path_id("webhook"), query_scope()},
               .replies = {{200, "The webhook with its new secret", json_schema<WebhookWithSecret>()}, not_found}},
              rotate);
    table.add("POST", base + "/{id}/test", http::Lane::commits,
              {.id = "testWebhook", .summary = "Send a webhook.test event, once", .tag = "webhooks", .parameters = {path_id("webhook"), query_scope()},
               .replies = {{202, "The delivery; look at it for the outcome", json_schema<DeliveryView>()}, not_found, disabled}},
              try_out);
    table.add("GET", base + "/{id}/deliveries", http::Lane::reads,
              {.id = "listWebhookDeliveries", .summary = "What was sent and what waits, e.g. filter=state:failed", .tag = "webhooks",
               .parameters = {path_id("webhook"), query_filter(), query_sort(), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<DeliveryList>()}, reply_error(400, "A parameter is not valid"), not_found}},
              deliveries);
    table.add("GET", base + "/{id}/deliveries/{delivery}", http::Lane::reads,
              {.id = "getWebhookDelivery", .summary = "One delivery with its payload and every attempt", .tag = "webhooks",
               .parameters = {path_id("webhook"), path_delivery, query_scope()},
               .replies = {{200, "The delivery", json_schema<DeliveryDetail>()}, no_delivery}},
              delivery);
    table.add("POST", base + "/{id}/deliveries/{delivery}/redeliver", http::Lane::commits,
              {.id = "redeliverWebhookDelivery", .summary = "Send it again, under the same webhook-id", .tag = "webhooks",
               .parameters = {path_id("webhook"), path_delivery, query_scope()},
               .replies = {{202, "The delivery, due now", json_schema<DeliveryView>()}, no_delivery, disabled}},
              redeliver);
}

}  // namespace millrace::api::v2
