#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace millrace::jobs {

/// A time zone by its IANA name, e.g. "Europe/Amsterdam". The rules are those of the tzdata package of the system, read
/// once per process: after an update of tzdata the servers are to be restarted. They reach to the end of 2037; later
/// times follow the last rule. "UTC" is known without any tzdata. Copies are cheap; thread-safe.
class Zone {
public:
    /// Wall-clock time, without a zone.
    using Local = std::chrono::local_seconds;

    /// A stretch of time in which local time runs evenly: local = UTC + offset for begin <= UTC < end.
    struct Stretch {
        std::chrono::sys_seconds begin, end;
        std::chrono::seconds offset;
    };

    /// UTC.
    Zone() = default;
    /// Error{unknown_time_zone}, with the name that was most likely meant.
    static Result<Zone> find(std::string_view name);

    const std::string& name() const { return name_; }
    Stretch at(std::chrono::sys_seconds time) const;
    /// The first instant that shows this local time, when a clock shows it twice (autumn); the first instant after the
    /// gap when none does (spring).
    std::chrono::sys_seconds earliest(Local local) const;
    /// "2026-03-29T03:00:00+02:00": RFC 3339 as the clocks there show it, whole seconds.
    std::string local_text(Instant instant) const;

private:
    std::string name_ = "UTC";
    const void* rules_ = nullptr;  ///< date::time_zone, owned by the library for ever; null: UTC
};

}  // namespace millrace::jobs
