#pragma once

#include <string>
#include <string_view>

#include "webhooks/webhook.hpp"

/// Signatures by the Standard Webhooks specification 1.0.0, symmetric scheme (v1).
namespace millrace::webhooks {

/// A new secret: "whsec_" and base64 of 32 random bytes.
Secret make_secret();

/// "v1," and base64 of HMAC-SHA-256 over `id.timestamp.body`. `timestamp` in seconds since 1970.
std::string sign(const Secret& secret, std::string_view id, std::int64_t timestamp, std::string_view body);

/// The webhook-signature header: by the current secret, and after a blank by the one before while it is still good.
std::string signature_header(const Webhook& webhook, std::string_view id, Instant now, std::string_view body);

}  // namespace millrace::webhooks
