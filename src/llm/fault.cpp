#include "llm/fault.hpp"

#include <algorithm>
#include <string>

namespace millrace::llm {
namespace {

constexpr std::size_t body_bytes_read = 4096;

bool says(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.contains(word); });
}

Fault fault_of_request(std::string_view text) {
    if (says(text, {"context_length", "context length", "maximum context", "prompt is too long", "too many tokens"})) return Fault::too_long;
    if (says(text, {"max_completion_tokens"})) return Fault::wants_completion_tokens;
    if (says(text, {"temperature", "seed"})) return Fault::wants_plain;
    if (says(text, {"response_format", "json_schema", "json_object", "schema", "tool", "format"})) return Fault::shape_refused;
    return Fault::rejected;
}

}  // namespace

Fault fault_of(int status, std::string_view body) {
    std::string text{body.substr(0, body_bytes_read)};
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c); });
    switch (status) {
        case 401:
        case 403: return Fault::credentials;
        case 402: return Fault::quota;
        case 404: return Fault::unknown_model;
        case 413: return Fault::too_long;
        case 429: return says(text, {"insufficient_quota", "exceeded your current quota", "billing"}) ? Fault::quota : Fault::busy;
        case 408:
        case 409: return Fault::failing;
        case 400:
        case 422: return fault_of_request(text);
        default: return status >= 500 ? Fault::failing : Fault::rejected;
    }
}

bool is_transient(Fault fault) {
    return fault == Fault::busy || fault == Fault::failing || fault == Fault::unreachable || fault == Fault::timed_out || fault == Fault::unreadable;
}

std::optional<Duration> pause_after(Fault fault, int tried, std::optional<Duration> retry_after, Duration left, double jitter, const Settings& settings) {
    if (!is_transient(fault) || tried >= settings.attempts) return std::nullopt;
    Duration pause;
    if (retry_after) {
        pause = std::max(*retry_after, Duration{0});
    } else {
        const auto most = std::min(settings.retry_pause_max, settings.retry_pause * (std::int64_t{1} << std::min(tried - 1, 20)));
        pause = Duration{static_cast<std::int64_t>(jitter * static_cast<double>(most.count()))};
    }
    if (pause >= left) return std::nullopt;
    return pause;
}

}  // namespace millrace::llm
