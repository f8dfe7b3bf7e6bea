#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "jobs/zone.hpp"

/// Cron expressions: when a schedule fires. Pure; times are whole seconds.
///
/// Five fields (minute, hour, day of month, month, day of week) or six with the second first. A field is a list of `*`,
/// values, ranges and steps (`1-5`, `*/15`, `8-18/2`, `5/10` = from 5 on); months and weekdays also by English name,
/// whole or its first three letters; Sunday is 0 and 7, and only ranges of weekdays may pass the end (`fri-mon`).
/// Day of month: `L` the last, `L-3` three days before it, `15W` the weekday (Monday to Friday) nearest to the 15th in
/// the same month, `LW` the last weekday. Day of week: `mon#2` the second Monday, `friL` the last Friday. `?` is `*` in
/// these two. When both of them are restricted (neither contains `*` nor is `?`), a day matches when either matches,
/// else when both do, as in Vixie cron. Macros: @hourly @daily @midnight @weekly @monthly @yearly @annually and `@every
/// 1h30m`.
///
/// When clocks change: a schedule whose minute or hour contains `*` or names all values follows elapsed time, so
/// `*/15 * * * *` fires in both hours of autumn and not in the one that spring leaves out. Any other names times of
/// day: one that does not exist fires once, at the first instant after the gap; one that exists twice fires at the
/// first.
namespace millrace::jobs {

struct Cron {
    std::string text;  ///< as it was written, without spaces around it

    std::optional<std::chrono::seconds> every;  ///< `@every`: the rest is unused

    // Bit n is the value n.
    std::uint64_t seconds = 1, minutes = 0;
    std::uint32_t hours = 0, days = 0, months = 0;
    std::uint32_t days_before_last = 0;  ///< bit 0 is `L`, bit 3 is `L-3`
    std::uint32_t near_days = 0;         ///< `15W`
    bool near_last_day = false;          ///< `LW`
    std::uint8_t weekdays = 0;           ///< bit 0 is Sunday
    std::array<std::uint8_t, 7> nth{};   ///< of a weekday: bit 2 is `#2`, bit 0 is `L`

    bool any_day = false, any_weekday = false;  ///< the field contains `*` or is `?`
    bool elapsed = false;                       ///< minute or hour contains `*` or names all values
};

/// Error{invalid_cron} names the field, the position (from 1) and what is allowed there.
Result<Cron> parse_cron(std::string_view text);

/// The first time after `after`; nothing when there is none within eight years. `@every` counts from `anchor`.
std::optional<Instant> next(const Cron& cron, const Zone& zone, Instant after, Instant anchor = {});

/// Up to `count` times after `after`. Error{cron_never_fires} when there is none.
Result<std::vector<Instant>> upcoming(const Cron& cron, const Zone& zone, Instant after, int count,
                                      Instant anchor = {});

}  // namespace millrace::jobs
