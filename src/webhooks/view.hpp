#pragma once

#include "base/describe.hpp"
#include "webhooks/webhook.hpp"

namespace millrace::webhooks {

/// The webhook as clients see it: without its secrets.
struct WebhookView {
    Uuid id;
    std::string url;
    std::string description;
    std::vector<std::string> types;
    Format format = Format::standard;
    bool enabled = true;
    std::optional<std::string> disabled_reason;
    std::optional<Instant> held_until;
    std::optional<Instant> previous_secret_until;
    int version = 1;
    Uuid created_by;
    Instant created_at{}, updated_at{};
    json::object links;
};
BOOST_DESCRIBE_STRUCT(WebhookView, (),
                      (id, url, description, types, format, enabled, disabled_reason, held_until, previous_secret_until,
                       version, created_by, created_at, updated_at, links))

WebhookView view(const Webhook& webhook);

/// The host of a URL that was checked; empty for any other.
std::string host_of(std::string_view url);

}  // namespace millrace::webhooks
