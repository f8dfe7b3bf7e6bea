#pragma once

#include <string>
#include <string_view>

#include "events/event.hpp"
#include "webhooks/webhook.hpp"

namespace millrace::webhooks {

/// Standard Webhooks asks for less than 20 kB. What would be larger carries ids and a link only.
inline constexpr std::size_t payload_bytes_max = 20'000;

/// The text that is sent for an event; `id` names it in CloudEvents.
std::string payload(const events::Event& event, Format format, std::string_view id);
std::string_view content_type(Format format);

/// The delivery of an event to a webhook, due at once.
Delivery delivery_of(const Webhook& webhook, const events::Event& event, Instant now);

inline constexpr std::string_view test_type = "webhook.test";
/// A delivery that tries the webhook out.
Delivery test_delivery(const Webhook& webhook, Instant now);

}  // namespace millrace::webhooks
