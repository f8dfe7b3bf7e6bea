#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace millrace::http {

/// Nobody waits longer than this because a server asks for it.
inline constexpr Duration retry_after_max = 24h;

/// A Retry-After header: seconds from `now`, at most `retry_after_max`, or an HTTP date; nothing for anything else.
std::optional<Instant> read_retry_after(std::string_view text, Instant now);

}  // namespace millrace::http
