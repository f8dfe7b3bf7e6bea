#include <algorithm>

#include "transform/calendar.hpp"
#include "transform/detail/render.hpp"
#include "transform/operators/groups.hpp"

namespace millrace::transform {
namespace {

std::string_view word(DateFault fault) {
    switch (fault) {
        case DateFault::not_a_date: return "not_a_date";
        case DateFault::impossible_date: return "impossible_date";
        case DateFault::ambiguous_date: return "ambiguous_date";
        case DateFault::none: break;
    }
    return "";
}

/// The patterns of the constant, which are all there to read what `needs` says.
std::vector<DatePattern> patterns_of(const Site& site, bool (*needs)(const DatePattern&), std::string_view what) {
    std::vector<DatePattern> patterns;
    for (const auto& text : site.texts("pattern")) {
        if (text.empty()) continue;
        auto pattern = DatePattern::compile(text);
        if (!pattern) Site::refuse("the pattern \"" + text + "\" is not valid: " + *pattern.error().arg("why"), 1);
        if (!needs(*pattern)) Site::refuse("the pattern \"" + text + "\" says nothing of " + std::string{what}, 1);
        patterns.push_back(std::move(*pattern));
    }
    return patterns;
}

/// What the patterns that fit agree on.
DateFault parse_by(const std::vector<DatePattern>& patterns, std::string_view text, Moment& moment) {
    DateFault fault = DateFault::not_a_date;
    bool any = false;
    for (const auto& pattern : patterns) {
        Moment read;
        const auto found = pattern.parse(text, read);
        if (found == DateFault::impossible_date && !any) fault = found;
        if (found != DateFault::none) continue;
        if (any && (read.days != moment.days || read.micros != moment.micros)) return DateFault::ambiguous_date;
        any = true;
        moment = read;
    }
    return any ? DateFault::none : fault;
}

template <class Parse>
Bound parse_days(Parse parse) {
    return {.type = {Kind::date}, .run = [parse = std::move(parse)](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            const auto fault = parse(text, call.out.ints[row]);
            if (fault != DateFault::none) call.fail(row, word(fault), text);
        });
    }};
}

Bound bind_parse_date(const Site& site) {
    const auto order = site.text("order");
    auto patterns = patterns_of(site, [](const DatePattern& p) { return p.has_date() && !p.has_time(); }, "a date alone");
    if (!order.empty()) {
        constexpr std::pair<std::string_view, Order> orders[] = {{"ymd", Order::ymd}, {"dmy", Order::dmy}, {"mdy", Order::mdy}};
        const auto* found = std::ranges::find(orders, order, &std::pair<std::string_view, Order>::first);
        if (found == std::end(orders)) Site::refuse("an order is ymd, dmy or mdy", 2);
        if (!patterns.empty()) Site::refuse("say a pattern or an order, not both", 2);
        return parse_days([order = found->second](std::string_view text, std::int64_t& days) { return parse_in_order(text, order, days); });
    }
    if (patterns.empty()) return parse_days(parse_iso_date);
    return parse_days([patterns = std::move(patterns)](std::string_view text, std::int64_t& days) {
        Moment moment;
        const auto fault = parse_by(patterns, text, moment);
        days = moment.days;
        return fault;
    });
}

Bound bind_parse_time(const Site& site) {
    return {.type = {Kind::time}, .run = [patterns = patterns_of(site, [](const DatePattern& p) { return p.has_time() && !p.has_date(); }, "a time alone")](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            Moment moment;
            const bool read = patterns.empty() ? parse_iso_time(text, moment.micros) : parse_by(patterns, text, moment) == DateFault::none;
            if (!read) return call.fail(row, "not_a_time", text);
            call.out.ints[row] = moment.micros;
        });
    }};
}

Bound bind_parse_timestamp(const Site& site) {
    auto patterns = patterns_of(site, [](const DatePattern& p) { return p.has_date(); }, "a date");
    const bool utc = site.flag("utc") || (!patterns.empty() && std::ranges::all_of(patterns, &DatePattern::has_offset));
    return {.type = {Kind::timestamp, 0, utc}, .run = [patterns = std::move(patterns), utc](Call& call) {
        each(call, [&](std::size_t row) {
            const auto text = call.arg(0).texts[row];
            Moment moment;
            const auto fault = patterns.empty() ? parse_iso_timestamp(text, moment) : parse_by(patterns, text, moment);
            if (fault != DateFault::none) return call.fail(row, word(fault), text);
            // A wall time and an instant are not the same thing; one is never taken for the other.
            if (moment.offset_minutes && !utc) return call.fail(row, "has_offset", text);
            if (!moment.offset_minutes && utc && patterns.empty()) return call.fail(row, "no_offset", text);
            const auto micros = moment.days * micros_per_day + moment.micros - std::int64_t{moment.offset_minutes.value_or(0)} * 60 * micros_per_second;
            if (!is_day(micros / micros_per_day)) return call.fail(row, "overflow", text);
            call.out.ints[row] = micros;
        });
    }};
}

Moment moment_at(const Vector& vector, std::size_t row) {
    const auto value = vector.ints[row];
    if (vector.type.kind == Kind::date) return {.days = value};
    if (vector.type.kind == Kind::time) return {.micros = value};
    auto days = value / micros_per_day, rest = value % micros_per_day;
    if (rest < 0) --days, rest += micros_per_day;
    return {.days = days, .micros = rest};
}

Bound bind_format_date(const Site& site) {
    auto pattern = DatePattern::compile(site.text("pattern"));
    if (!pattern) Site::refuse("the pattern is not valid: " + *pattern.error().arg("why"), 1);
    const auto kind = site.types[0].kind;
    if (pattern->has_date() && kind == Kind::time) Site::refuse("a time has no date to show", 1);
    if (pattern->has_time() && kind == Kind::date) Site::refuse("a date has no time to show", 1);
    return {.type = {Kind::text}, .run = [pattern = std::move(*pattern)](Call& call) {
        std::string text;
        each(call, [&](std::size_t row) {
            text.clear();
            pattern.append(text, moment_at(call.arg(0), row));
            call.out.texts[row] = call.frame.scratch.keep(text);
        });
    }};
}

template <class Part>
Bound part_of_date(const Site& site, Part part) {
    if (site.types[0].kind == Kind::time) Site::refuse("a time has no date", 0);
    return {.type = {Kind::int64}, .run = [part](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = part(moment_at(call.arg(0), row).days); });
    }};
}

Bound bind_year(const Site& site) { return part_of_date(site, [](std::int64_t days) { return date_of(days).year; }); }
Bound bind_month(const Site& site) { return part_of_date(site, [](std::int64_t days) { return std::int64_t{date_of(days).month}; }); }
Bound bind_day(const Site& site) { return part_of_date(site, [](std::int64_t days) { return std::int64_t{date_of(days).day}; }); }
/// 1970-01-01 was a Thursday.
std::int64_t weekday_of(std::int64_t days) { return ((days + 3) % 7 + 7) % 7 + 1; }
Bound bind_weekday(const Site& site) { return part_of_date(site, weekday_of); }

Bound bind_hour(const Site& site) {
    if (site.types[0].kind == Kind::date) Site::refuse("a date has no hour", 0);
    return {.type = {Kind::int64}, .run = [](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = moment_at(call.arg(0), row).micros / (3600 * micros_per_second); });
    }};
}

/// Date and number to date; the result is nothing when it is beyond the years 1 to 9999.
template <class Move>
Bound move_date(Move move) {
    return {.type = {Kind::date}, .run = [move](Call& call) {
        each(call, [&](std::size_t row) {
            const auto count = call.arg(1).ints[row];
            const auto days = count > 10'000'000 || count < -10'000'000 ? std::int64_t{10'000'000} : move(call.arg(0).ints[row], count);
            if (!is_day(days)) return call.fail(row, "overflow", text_of(call.arg(0), row));
            call.out.ints[row] = days;
        });
    }};
}

Bound bind_add_days(const Site&) { return move_date([](std::int64_t days, std::int64_t count) { return days + count; }); }
Bound bind_add_months(const Site&) {
    return move_date([](std::int64_t days, std::int64_t count) {
        auto date = date_of(days);
        const auto months = date.year * 12 + static_cast<std::int64_t>(date.month) - 1 + count;
        if (months < 12 || months >= 120'000) return std::int64_t{10'000'000};
        date.year = months / 12;
        date.month = static_cast<unsigned>(months % 12) + 1;
        date.day = std::min(date.day, days_in_month(date.year, date.month));
        return days_of(date);
    });
}

Bound bind_days_between(const Site&) {
    return {.type = {Kind::int64}, .run = [](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = call.arg(1).ints[row] - call.arg(0).ints[row]; });
    }};
}

Bound bind_duration_between(const Site& site) {
    if (site.types[0].utc != site.types[1].utc) Site::refuse("an instant and a wall time have no distance");
    auto bound = bind_days_between(site);
    bound.type = {Kind::duration};
    return bound;
}

Bound bind_seconds(const Site&) {
    return {.type = {Kind::int64}, .run = [](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = call.arg(0).ints[row] / micros_per_second; });
    }};
}

Bound bind_date_trunc(const Site& site) {
    const auto unit = site.text("unit");
    std::int64_t (*begin)(std::int64_t) = nullptr;
    if (unit == "year") begin = [](std::int64_t days) { return days_of({date_of(days).year, 1, 1}); };
    if (unit == "quarter") begin = [](std::int64_t days) { const auto d = date_of(days); return days_of({d.year, (d.month - 1) / 3 * 3 + 1, 1}); };
    if (unit == "month") begin = [](std::int64_t days) { const auto d = date_of(days); return days_of({d.year, d.month, 1}); };
    if (unit == "week") begin = [](std::int64_t days) { return days - weekday_of(days) + 1; };
    if (!begin) Site::refuse("a unit is year, quarter, month or week", 1);
    return {.type = {Kind::date}, .run = [begin](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = begin(call.arg(0).ints[row]); });
    }};
}

Bound bind_to_date(const Site&) {
    return {.type = {Kind::date}, .run = [](Call& call) {
        each(call, [&](std::size_t row) { call.out.ints[row] = moment_at(call.arg(0), row).days; });
    }};
}

Bound fixed(const Type& type, std::int64_t value) {
    return {.type = type, .run = [value](Call& call) { each(call, [&](std::size_t row) { call.out.ints[row] = value; }); }};
}

Bound bind_now(const Site& site) { return fixed({Kind::timestamp, 0, true}, site.now); }
Bound bind_today(const Site& site) { return fixed({Kind::date}, site.now / micros_per_day); }

constexpr Operator operators[] = {
    {"parse_date(text: text, pattern: const any = '', order: const text = '') -> date", "A date by a pattern such as 'dd/MM/yyyy', by several (which must agree, else `ambiguous_date`), or by the order ymd, dmy or mdy of its numbers; else yyyy-MM-dd.", "parse_date('31-12-2024', 'dd-MM-yyyy') = parse_date('2024-12-31')", bind_parse_date},
    {"parse_time(text: text, pattern: const any = '') -> time", "A time of day; without a pattern HH:mm[:ss[.ffffff]].", "parse_time('1:05 PM', 'h:mm a') = parse_time('13:05')", bind_parse_time},
    {"parse_timestamp(text: text, pattern: const any = '', utc: const bool = false) -> timestamp", "Date and time; by ISO 8601 without a pattern. With `utc`, or a pattern with XXX, an instant.", "parse_timestamp('2024-05-01T12:00:00+02:00', utc: true) = parse_timestamp('2024-05-01T10:00:00Z', utc: true)", bind_parse_timestamp},
    {"format_date(moment: moment, pattern: const text) -> text", "By a pattern of yyyy yy MMMM MMM MM M dd d HH H hh h mm ss SSS a XXX; letters between apostrophes stand for themselves.", "format_date(parse_date('2024-02-09'), 'd MMM yyyy') = '9 Feb 2024'", bind_format_date},
    {"year(moment: moment) -> int", "Its year.", "year(parse_date('2024-02-09')) = 2024", bind_year},
    {"month(moment: moment) -> int", "Its month, 1 to 12.", "month(parse_date('2024-02-09')) = 2", bind_month},
    {"day(moment: moment) -> int", "Its day of the month.", "day(parse_date('2024-02-09')) = 9", bind_day},
    {"weekday(moment: moment) -> int", "1 for Monday to 7 for Sunday.", "weekday(parse_date('2024-02-09')) = 5", bind_weekday},
    {"hour(moment: moment) -> int", "Its hour, 0 to 23.", "hour(parse_time('17:30')) = 17", bind_hour},
    {"add_days(date: date, count: int) -> date", "So many days later.", "add_days(parse_date('2024-02-28'), 2) = parse_date('2024-03-01')", bind_add_days},
    {"add_months(date: date, count: int) -> date", "So many months later; the last day of the month where there is no such day.", "add_months(parse_date('2024-01-31'), 1) = parse_date('2024-02-29')", bind_add_months},
    {"days_between(start: date, end: date) -> int", "Days from one to the other.", "days_between(parse_date('2024-02-28'), parse_date('2024-03-01')) = 2", bind_days_between},
    {"duration_between(start: timestamp, end: timestamp) -> duration", "From one to the other.", "to_text(duration_between(parse_timestamp('2024-01-01T00:00'), parse_timestamp('2024-01-02T01:30'))) = 'P1DT1H30M'", bind_duration_between},
    {"seconds(duration: duration) -> int", "A duration in whole seconds.", "seconds(duration_between(parse_timestamp('2024-01-01T00:00'), parse_timestamp('2024-01-01T01:00'))) = 3600", bind_seconds},
    {"date_trunc(date: date, unit: const text) -> date", "The first day of its year, quarter, month or week (which begins on Monday).", "date_trunc(parse_date('2024-05-17'), 'quarter') = parse_date('2024-04-01')", bind_date_trunc},
    {"to_date(timestamp: timestamp) -> date", "Its date.", "to_date(parse_timestamp('2024-05-17T23:59')) = parse_date('2024-05-17')", bind_to_date},
    {"now() -> timestamp", "When the run began; the same for all rows, and when a run is repeated.", "now() = now()", bind_now},
    {"today() -> date", "The date of `now()`, in UTC.", "today() = to_date(now())", bind_today},
};

}  // namespace

std::span<const Operator> date_operators() { return operators; }

}  // namespace millrace::transform
