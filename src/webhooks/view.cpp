#include "webhooks/view.hpp"

#include "http/address_policy.hpp"

namespace millrace::webhooks {

WebhookView view(const Webhook& webhook) {
    WebhookView out;
    out.id = webhook.id;
    out.url = webhook.url;
    out.description = webhook.description;
    out.types = webhook.types;
    out.format = webhook.format;
    out.enabled = webhook.enabled;
    if (!webhook.enabled) out.disabled_reason = webhook.disabled_reason;
    out.held_until = webhook.held_until;
    out.previous_secret_until = webhook.previous_until;
    out.version = webhook.version;
    out.created_by = webhook.owner;
    out.created_at = webhook.created_at;
    out.updated_at = webhook.updated_at;
    const auto self = "/api/v2/webhooks/" + webhook.id.str();
    out.links = {{"self", self}, {"deliveries", self + "/deliveries"}};
    return out;
}

std::string host_of(std::string_view url) {
    const auto endpoint = http::read_endpoint(url);
    return endpoint ? endpoint->host : std::string{};
}

}  // namespace millrace::webhooks
