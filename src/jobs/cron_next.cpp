#include <algorithm>
#include <bit>

#include "jobs/cron.hpp"

/// When an expression fires: day by day through the calendar, never minute by minute.
namespace millrace::jobs {
namespace {

using namespace std::chrono;
using Local = Zone::Local;

constexpr days horizon{8 * 366 + 1};  // from one 29 February over a year like 2100 to the next

constexpr bool has(std::uint64_t bits, unsigned n) { return bits >> n & 1; }

/// The lowest value in `bits` that is at least `from`; 64 when there is none.
unsigned at_least(std::uint64_t bits, unsigned from) {
    return from > 63 ? 64 : static_cast<unsigned>(std::countr_zero(bits & (~std::uint64_t{0} << from)));
}

struct Day {
    local_days at;
    year_month_day date;
    unsigned number, last;  ///< in the month
    unsigned weekday;       ///< 0 is Sunday
};

Day day_of(local_days at) {
    const year_month_day date{at};
    const year_month_day_last end{date.year(), month_day_last{date.month()}};
    return {at, date, unsigned{date.day()}, unsigned{end.day()}, weekday{at}.c_encoding()};
}

bool is_workday(unsigned weekday) { return weekday != 0 && weekday != 6; }

/// Is `day` the Monday-to-Friday nearest to day `wanted` of its month, without leaving the month?
bool is_nearest_workday(const Day& day, unsigned wanted) {
    if (wanted > day.last || !is_workday(day.weekday)) return false;
    const unsigned weekday = (day.weekday + 7 * 5 + wanted - day.number) % 7;  // of the day that was asked for
    if (is_workday(weekday)) return day.number == wanted;
    if (weekday == 6) return day.number == (wanted > 1 ? wanted - 1 : wanted + 2);
    return day.number == (wanted < day.last ? wanted + 1 : wanted - 2);
}

bool day_of_month_matches(const Cron& cron, const Day& day) {
    if (has(cron.days, day.number) || has(cron.days_before_last, day.last - day.number)) return true;
    for (unsigned wanted = at_least(cron.near_days, 1); wanted < 32; wanted = at_least(cron.near_days, wanted + 1)) {
        if (is_nearest_workday(day, wanted)) return true;
    }
    return cron.near_last_day && is_nearest_workday(day, day.last);
}

bool day_of_week_matches(const Cron& cron, const Day& day) {
    if (has(cron.weekdays, day.weekday)) return true;
    const auto nth = cron.nth[day.weekday];
    return has(nth, (day.number - 1) / 7 + 1) || (has(nth, 0) && day.number + 7 > day.last);
}

bool matches(const Cron& cron, const Day& day) {
    const bool of_month = day_of_month_matches(cron, day), of_week = day_of_week_matches(cron, day);
    return cron.any_day || cron.any_weekday ? of_month && of_week : of_month || of_week;
}

/// The first matching time of day that is at least `from`.
std::optional<seconds> time_from(const Cron& cron, seconds from) {
    const hh_mm_ss start{from};
    const auto first_hour = static_cast<unsigned>(start.hours().count());
    for (unsigned hour = at_least(cron.hours, first_hour); hour < 24; hour = at_least(cron.hours, hour + 1)) {
        const auto first_minute = hour == first_hour ? static_cast<unsigned>(start.minutes().count()) : 0;
        for (unsigned minute = at_least(cron.minutes, first_minute); minute < 60;
             minute = at_least(cron.minutes, minute + 1)) {
            const bool same = hour == first_hour && minute == static_cast<unsigned>(start.minutes().count());
            const auto second = at_least(cron.seconds, same ? static_cast<unsigned>(start.seconds().count()) : 0);
            if (second < 60) return hours{hour} + minutes{minute} + seconds{second};
        }
    }
    return std::nullopt;
}

/// The first matching wall-clock time that is at least `from`, looking no further than the day of `until`.
std::optional<Local> local_from(const Cron& cron, Local from, Local until) {
    auto at = floor<days>(from);
    seconds time = from - at;
    for (const auto last = floor<days>(until); at <= last; time = 0s) {
        const Day day = day_of(at);
        if (!has(cron.months, unsigned{day.date.month()})) {
            at += days{day.last - day.number + 1};
            continue;
        }
        if (matches(cron, day)) {
            if (const auto found = time_from(cron, time)) return at + *found;
        }
        at += days{1};
    }
    return std::nullopt;
}

Local local_at(sys_seconds time, const Zone::Stretch& stretch) {
    return Local{time.time_since_epoch() + stretch.offset};
}

/// Follows elapsed time: every instant whose wall-clock time matches, one even stretch after the other.
std::optional<sys_seconds> next_elapsed(const Cron& cron, const Zone& zone, sys_seconds after, sys_seconds until) {
    for (auto from = after + 1s; from <= until;) {
        const auto stretch = zone.at(from);
        const auto end = std::min(stretch.end, until);
        if (const auto local = local_from(cron, local_at(from, stretch), local_at(end, stretch))) {
            const sys_seconds found{local->time_since_epoch() - stretch.offset};
            if (found < stretch.end) return found;
        }
        from = stretch.end;
    }
    return std::nullopt;
}

/// Times of day: each matching wall-clock time once. Their first instants are in the same order as they are, so all up
/// to the one shown at `after` are over.
std::optional<sys_seconds> next_of_day(const Cron& cron, const Zone& zone, sys_seconds after, sys_seconds until) {
    const auto last = local_at(until, zone.at(until));
    auto local = local_from(cron, local_at(after, zone.at(after)) + 1s, last);
    for (; local; local = local_from(cron, *local + 1s, last)) {
        // In the hour that autumn repeats, the first instant of what the clock shows next may have passed already.
        if (const auto found = zone.earliest(*local); found > after) return found;
    }
    return std::nullopt;
}

sys_seconds next_multiple(seconds every, sys_seconds after, sys_seconds anchor) {
    const auto since = after - anchor;
    const auto periods = since < 0s ? 0 : since / every + 1;
    return anchor + periods * every;
}

}  // namespace

std::optional<Instant> next(const Cron& cron, const Zone& zone, Instant after, Instant anchor) {
    const auto second = floor<seconds>(after);
    if (cron.every) return next_multiple(*cron.every, second, floor<seconds>(anchor));
    const auto until = second + horizon;
    const auto found = cron.elapsed ? next_elapsed(cron, zone, second, until) : next_of_day(cron, zone, second, until);
    if (!found) return std::nullopt;
    return Instant{*found};
}

Result<std::vector<Instant>> upcoming(const Cron& cron, const Zone& zone, Instant after, int count, Instant anchor) {
    std::vector<Instant> times;
    for (auto at = after; std::ssize(times) < count; times.push_back(at)) {
        const auto found = next(cron, zone, at, anchor);
        if (!found) break;
        at = *found;
    }
    if (times.empty()) return std::unexpected{Error{Code::cron_never_fires, {{"cron", cron.text}}}};
    return times;
}

}  // namespace millrace::jobs
