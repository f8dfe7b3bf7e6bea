#pragma once

#include <boost/describe/enum.hpp>

#include <optional>
#include <string_view>

#include "llm/settings.hpp"

namespace millrace::llm {

/// Why a request was not answered.
BOOST_DEFINE_ENUM_CLASS(Fault, busy, failing, unreachable, timed_out, unreadable, quota, credentials, unknown_model, too_long, shape_refused,
                        wants_completion_tokens, wants_plain, rejected)

/// What an answer other than 2xx means. Servers differ in status and words, so both are looked at.
Fault fault_of(int status, std::string_view body);

/// May the same request succeed later?
bool is_transient(Fault fault);

/// Before the next try; nothing when there is none: the fault stays, the tries are used up, or the server asks for more
/// time than is `left`. Without a wish of the server uniform in [0, min(retry_pause_max, retry_pause * 2^(tried - 1))], so
/// that callers that failed together do not return together. `jitter` in [0, 1).
std::optional<Duration> pause_after(Fault fault, int tried, std::optional<Duration> retry_after, Duration left, double jitter, const Settings& settings);

}  // namespace millrace::llm
