#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace millrace {

using namespace std::chrono_literals;

/// A point in time: UTC, microseconds since 1970. SQLite stores count(), the edge shows RFC 3339.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// Where time comes from, so that a test can hold it.
struct Clock {
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
};

struct SystemClock final : Clock {
    Instant now() const override {
        return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
};

/// A clock that stands still until it is moved; for tests.
struct ManualClock final : Clock {
    Instant at{};
    Instant now() const override { return at; }
    void advance(Duration by) { at += by; }
};

/// "2026-11-22T15:47:00.123Z": RFC 3339, UTC, milliseconds (rounded down).
std::string to_rfc3339(Instant instant);
/// Reads an RFC 3339 time with any offset and up to nine digits of seconds; nothing for anything else.
std::optional<Instant> from_rfc3339(std::string_view text);

/// Reads "250ms", "10s", "5m", "1h", "7d" or a plain number of seconds.
std::optional<Duration> parse_duration(std::string_view text);
std::string to_string(Duration duration);

}  // namespace millrace
