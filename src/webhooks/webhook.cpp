#include "webhooks/webhook.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "http/retry_after.hpp"

namespace millrace::webhooks {
namespace {

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool fits(std::string_view pattern, std::string_view type) {
    if (pattern == "*") return true;
    if (!pattern.ends_with(".*")) return pattern == type;
    return type.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

bool is_type_pattern(std::string_view pattern) {
    if (pattern == "*") return true;
    const auto dot = pattern.find('.');
    if (dot == pattern.npos) return false;
    const auto rest = pattern.substr(dot + 1);
    return is_word(pattern.substr(0, dot)) && (rest == "*" || is_word(rest));
}

bool wants(const Webhook& webhook, std::string_view type) {
    return std::ranges::any_of(webhook.types, [&](const auto& pattern) { return fits(pattern, type); });
}

Uuid delivery_id(const Uuid& webhook, std::int64_t seq, Instant at) {
    auto id = Uuid::from_name("delivery", webhook.str() + "/" + std::to_string(seq));
    // Version 7 (RFC 9562): 48 bits of milliseconds, 12 of the event's number so that those of one millisecond sort too,
    // and in place of randomness bits of the name's hash.
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
    for (int i = 0; i < 6; ++i) id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    id.bytes[6] = static_cast<std::uint8_t>(0x70 | (seq >> 8 & 0x0f));
    id.bytes[7] = static_cast<std::uint8_t>(seq & 0xff);
    return id;
}

Next after_attempt(const Delivery& delivery, const Attempt& attempt, std::optional<Instant> retry_after,
                   std::span<const Duration> retries, double jitter) {
    const int status = attempt.status.value_or(0);
    if (status / 100 == 2) return {Next::Kind::delivered, {}, {}};
    if (status == 410) return {Next::Kind::gone, {}, {}};
    const auto now = attempt.at + attempt.took;
    Next next;
    if (retry_after && (status == 429 || status == 503)) next.hold_until = std::min(*retry_after, now + http::retry_after_max);
    const auto made = static_cast<std::size_t>(delivery.round);  // before this one
    if (delivery.is_test() || made >= retries.size()) return next;
    next.kind = Next::Kind::retry;
    const auto pause = std::chrono::duration<double, std::micro>(retries[made]) * (0.9 + 0.2 * jitter);
    next.at = now + std::chrono::duration_cast<Duration>(pause);
    if (next.hold_until) next.at = std::max(next.at, *next.hold_until);
    return next;
}

}  // namespace millrace::webhooks
