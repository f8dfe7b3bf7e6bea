#include "webhooks/signature.hpp"

#include <fmt/format.h>

#include <array>

#include "base/hash.hpp"
#include "base/random.hpp"

namespace millrace::webhooks {
namespace {

constexpr std::string_view prefix = "whsec_";

/// The bytes that a secret stands for. It is one of ours, in the alphabet of base64 with padding.
std::string key_of(const Secret& secret) {
    std::string text = secret.expose().substr(prefix.size());
    while (text.ends_with('=')) text.pop_back();
    for (auto& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    std::string key;
    if (!from_base64url(text, key)) throw Error{Code::internal, {{"why", "a webhook's secret is damaged"}}};
    return key;
}

}  // namespace

Secret make_secret() {
    std::array<std::uint8_t, 32> bytes;
    fill_random(bytes);
    return Secret{std::string{prefix} + to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()})};
}

std::string sign(const Secret& secret, std::string_view id, std::int64_t timestamp, std::string_view body) {
    return "v1," + to_base64(hmac_sha256(key_of(secret), fmt::format("{}.{}.{}", id, timestamp, body)));
}

std::string signature_header(const Webhook& webhook, std::string_view id, Instant now, std::string_view body) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    auto header = sign(webhook.secret, id, seconds, body);
    const bool overlap = webhook.previous_until && now < *webhook.previous_until;
    if (overlap && !webhook.previous_secret.empty()) header += ' ' + sign(webhook.previous_secret, id, seconds, body);
    return header;
}

}  // namespace millrace::webhooks
