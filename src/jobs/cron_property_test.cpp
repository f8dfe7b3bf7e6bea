#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <set>

#include "jobs/cron.hpp"

/// Expressions made at random fire exactly when a clock that is read minute by minute says so. The clock is the one of
/// the C library, which reads the same tzdata with code of its own.
namespace millrace::jobs {
namespace {

using std::chrono::sys_seconds;

/// A field as text and as the values it stands for.
struct Field {
    std::string text = "*";
    std::set<int> values;
    bool star = true;
};

struct Expression {
    Field minute, hour, day, month, weekday;

    std::string text() const {
        return fmt::format("{} {} {} {} {}", minute.text, hour.text, day.text, month.text, weekday.text);
    }
    bool elapsed() const { return minute.star || hour.star || minute.values.size() == 60 || hour.values.size() == 24; }
    bool matches(const tm& t) const {
        const bool of_month = day.values.contains(t.tm_mday), of_week = weekday.values.contains(t.tm_wday);
        const bool that_day = day.star || weekday.star ? of_month && of_week : of_month || of_week;
        return that_day && month.values.contains(t.tm_mon + 1) && hour.values.contains(t.tm_hour) &&
               minute.values.contains(t.tm_min);
    }
};

struct Range {
    int min, max;
};

/// Values and ranges inside `some`, or a star over all of the field.
Field field_of(Range all, Range some) {
    Field field;
    const auto fill = [&](int first, int last, int step) {
        for (int value = first; value <= last; value += step) field.values.insert(value);
    };
    const auto between = [](int low, int high) { return *rc::gen::inRange(low, high + 1); };
    switch (between(0, 3)) {
        case 0:
            fill(all.min, all.max, 1);
            return field;
        case 1: {
            const int step = between(1, all.max - all.min + 1);
            fill(all.min, all.max, step);
            field.text = fmt::format("*/{}", step);
            return field;
        }
        case 2: {
            const int first = between(some.min, some.max), last = between(first, some.max), step = between(1, 5);
            fill(first, last, step);
            field.text = fmt::format("{}-{}/{}", first, last, step);
            break;
        }
        default: {
            field.text.clear();
            for (int i = between(1, 4); i > 0; --i) {
                const int value = between(some.min, some.max);
                fill(value, value, 1);
                field.text += fmt::format("{}{}", field.text.empty() ? "" : ",", value);
            }
        }
    }
    field.star = false;
    return field;
}

/// Often the hours around a change of clocks and all days, so that a change is hit.
Expression any_expression() {
    const auto field = [](int min, int max) { return field_of({min, max}, {min, max}); };
    const auto all = [](int max) {
        Field every;
        for (int value = 1; value <= max; ++value) every.values.insert(value);
        return every;
    };
    const auto mostly = [] { return *rc::gen::inRange(0, 4) != 0; };
    return {.minute = field(0, 59),
            .hour = mostly() ? field_of({0, 23}, {0, 3}) : field(0, 23),
            .day = mostly() ? all(31) : field(1, 31),
            .month = mostly() ? all(12) : field(1, 12),
            .weekday = field(0, 6)};
}

tm local(sys_seconds at) {
    const time_t seconds = at.time_since_epoch().count();
    tm out{};
    localtime_r(&seconds, &out);
    return out;
}

/// The clock's face as a number that only a change of clocks lets jump.
std::int64_t face(const tm& t) {
    tm copy = t;
    return static_cast<std::int64_t>(timegm(&copy)) / 60;
}

/// Every minute from `begin` to `end` at which the expression is to fire. A time of day that was shown before does not
/// fire again, one that was never shown fires at the minute after the gap.
std::vector<sys_seconds> stepped(const Expression& e, sys_seconds begin, sys_seconds end) {
    std::vector<sys_seconds> out;
    auto shown = face(local(begin - std::chrono::days{2}));
    for (auto at = begin - std::chrono::days{2}; at < end; at += std::chrono::minutes{1}) {
        const tm t = local(at);
        const auto now = face(t);
        bool fires = e.matches(t);
        if (!e.elapsed()) {
            if (now <= shown) fires = false;
            for (auto missed = shown + 1; missed < now; ++missed) {
                const time_t seconds = missed * 60;
                tm gap{};
                gmtime_r(&seconds, &gap);
                fires = fires || e.matches(gap);
            }
        }
        shown = std::max(shown, now);
        if (fires && at >= begin) out.push_back(at);
    }
    return out;
}

struct Place {
    const char* zone;
    const char* change;  ///< UTC; the window lies around it
};

constexpr Place places[] = {
    {"UTC", "2026-02-28T12:00:00Z"},
    {"Europe/Amsterdam", "2026-03-29T01:00:00Z"},
    {"Europe/Amsterdam", "2026-10-25T01:00:00Z"},
    {"America/New_York", "2026-03-08T07:00:00Z"},
    {"America/New_York", "2026-11-01T06:00:00Z"},
    {"Asia/Beirut", "2026-03-28T22:00:00Z"},
    {"Asia/Beirut", "2026-10-24T21:00:00Z"},
    {"Australia/Lord_Howe", "2026-10-03T15:30:00Z"},
    {"Australia/Lord_Howe", "2026-04-04T15:00:00Z"},
    {"America/Nuuk", "2026-03-29T01:00:00Z"},
    {"Pacific/Apia", "2011-12-30T10:00:00Z"},
    {"Asia/Kathmandu", "2026-06-01T00:00:00Z"},
};

struct TimeZoneOfTheTest {
    explicit TimeZoneOfTheTest(const char* name) {
        setenv("TZ", name, 1);
        tzset();
    }
    ~TimeZoneOfTheTest() {
        unsetenv("TZ");
        tzset();
    }
};

}  // namespace

TEST_CASE("an expression fires in every minute that matches, and in no other, across changes of clocks") {
    const auto window = std::chrono::hours{30};
    for (const Place& place : places) {
        const TimeZoneOfTheTest set{place.zone};
        const auto zone = Zone::find(place.zone);
        REQUIRE(zone);
        const auto change = std::chrono::time_point_cast<std::chrono::seconds>(*from_rfc3339(place.change));
        const auto begin = change - window, end = change + window;
        const bool held = rc::check(fmt::format("cron in {} around {}", place.zone, place.change), [&] {
            const Expression expression = any_expression();
            const auto cron = parse_cron(expression.text());
            RC_LOG() << expression.text() << '\n';
            RC_ASSERT(cron.has_value());

            std::vector<sys_seconds> found;
            for (auto at = next(*cron, *zone, begin - 1s); at && *at < end; at = next(*cron, *zone, *at)) {
                found.push_back(std::chrono::time_point_cast<std::chrono::seconds>(*at));
            }

            const auto want = stepped(expression, begin, end);
            const auto [ours, theirs] = std::ranges::mismatch(found, want);
            if (ours != found.end()) RC_LOG() << "fires at " << to_rfc3339(*ours) << '\n';
            if (theirs != want.end()) RC_LOG() << "should fire at " << to_rfc3339(*theirs) << '\n';
            const bool same = found == want;
            RC_ASSERT(same);
        });
        CHECK(held);
    }
}

TEST_CASE("text at random is read or refused, and what is read either fires later or never") {
    const bool held = rc::check("no text breaks the reader", [] {
        const auto letters = rc::gen::elementOf(std::string{"0123459*/-,?LW#@ \tmonfrijaevy"});
        const auto text = *rc::gen::container<std::string>(letters);
        const auto cron = parse_cron(*rc::gen::arbitrary<bool>() ? text : "0 0 " + text + " * *");
        if (!cron) {
            RC_ASSERT(cron.error().code() == Code::invalid_cron);
            return;
        }
        const auto after = *from_rfc3339("2026-03-02T10:00:00Z");
        const auto at = next(*cron, Zone{}, after);
        RC_ASSERT(!at || *at > after);
    });
    CHECK(held);
}

}  // namespace millrace::jobs
