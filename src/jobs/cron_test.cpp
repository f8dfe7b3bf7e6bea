#include "jobs/cron.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <initializer_list>

using namespace millrace;
using namespace millrace::jobs;

namespace {

Zone zone(std::string_view name) {
    auto found = Zone::find(name);
    REQUIRE_MESSAGE(found.has_value(), name);
    return *found;
}

Cron cron(std::string_view text) {
    auto parsed = parse_cron(text);
    REQUIRE_MESSAGE(parsed.has_value(), text << ": " << (parsed ? "" : parsed.error().what()));
    return *parsed;
}

Instant instant(std::string_view text) {
    const auto at = from_rfc3339(text);
    REQUIRE_MESSAGE(at.has_value(), text);
    return *at;
}

/// The next times, as the clocks of UTC show them, without the seconds when they are zero.
std::vector<std::string> times(const Cron& c, const Zone& z, Instant after, std::size_t count, Instant anchor = {}) {
    std::vector<std::string> out;
    for (auto at = next(c, z, after, anchor); at && out.size() < count; at = next(c, z, *at, anchor)) {
        const auto text = to_rfc3339(*at);
        out.push_back(text.substr(0, text.substr(17, 2) == "00" ? 16 : 19));
    }
    return out;
}

using Times = std::vector<std::string>;

}  // namespace

TEST_CASE("an expression fires at the times it names") {
    struct Row {
        std::string cron;
        const char* after;
        Times want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"* * * * *", "2026-03-02T10:00:30Z", {"2026-03-02T10:01", "2026-03-02T10:02"}},
             {"0 9 * * *", "2026-03-02T09:00:00Z", {"2026-03-03T09:00", "2026-03-04T09:00"}},
             {"0 9 * * *", "2026-03-02T08:59:59.999Z", {"2026-03-02T09:00"}},
             {"*/20 8-9 * * *", "2026-03-02T08:30:00Z", {"2026-03-02T08:40", "2026-03-02T09:00", "2026-03-02T09:20"}},
             {"5/25 0 * * *", "2026-03-02T00:00:00Z", {"2026-03-02T00:05", "2026-03-02T00:30", "2026-03-02T00:55"}},
             {"0 0,12 1 jan,JUL *",
              "2026-03-02T00:00:00Z",
              {"2026-07-01T00:00", "2026-07-01T12:00", "2027-01-01T00:00"}},
             {"0 9 * * mon-fri", "2026-03-06T12:00:00Z", {"2026-03-09T09:00", "2026-03-10T09:00"}},
             {"0 9 * * Friday-mon",
              "2026-03-06T12:00:00Z",
              {"2026-03-07T09:00", "2026-03-08T09:00", "2026-03-09T09:00", "2026-03-13T09:00"}},
             {"0 9 * * 7", "2026-03-06T12:00:00Z", {"2026-03-08T09:00", "2026-03-15T09:00"}},
             {"0 9 * * 5-7", "2026-03-06T12:00:00Z", {"2026-03-07T09:00", "2026-03-08T09:00", "2026-03-13T09:00"}},
             {"0 0 ? * */3", "2026-03-01T12:00:00Z", {"2026-03-04T00:00", "2026-03-07T00:00", "2026-03-08T00:00"}},
             {"0 0 29 2 ?", "2026-03-01T00:00:00Z", {"2028-02-29T00:00", "2032-02-29T00:00"}},
             {"0 0 29 2 ?", "2096-02-29T00:00:00Z", {"2104-02-29T00:00"}},
             {"0 0 31 * *", "2026-03-31T00:00:00Z", {"2026-05-31T00:00", "2026-07-31T00:00"}},
             {"0 0 L * *", "2026-02-01T00:00:00Z", {"2026-02-28T00:00", "2026-03-31T00:00", "2026-04-30T00:00"}},
             {"0 0 L-2,1 * *", "2026-02-02T00:00:00Z", {"2026-02-26T00:00", "2026-03-01T00:00", "2026-03-29T00:00"}},
             {"0 0 L-30 * *", "2026-02-02T00:00:00Z", {"2026-03-01T00:00", "2026-05-01T00:00"}},
             {"0 0 15W * *",
              "2026-02-01T00:00:00Z",
              {"2026-02-16T00:00", "2026-03-16T00:00", "2026-04-15T00:00", "2026-05-15T00:00"}},
             {"0 0 1W * *", "2026-07-30T00:00:00Z", {"2026-08-03T00:00", "2026-09-01T00:00"}},
             {"0 0 31W * *", "2026-05-01T00:00:00Z", {"2026-05-29T00:00", "2026-07-31T00:00"}},
             {"0 0 LW * *", "2026-05-01T00:00:00Z", {"2026-05-29T00:00", "2026-06-30T00:00", "2026-07-31T00:00"}},
             {"0 0 * * mon#2", "2026-03-01T00:00:00Z", {"2026-03-09T00:00", "2026-04-13T00:00"}},
             {"0 0 * * 1#5", "2026-03-01T00:00:00Z", {"2026-03-30T00:00", "2026-06-29T00:00"}},
             {"0 0 * * friL,0#1", "2026-03-01T12:00:00Z", {"2026-03-27T00:00", "2026-04-05T00:00", "2026-04-24T00:00"}},
             {"0 0 * * sundayl", "2026-03-01T12:00:00Z", {"2026-03-29T00:00"}},
             {"*/20 * * * * *",
              "2026-03-02T10:00:30Z",
              {"2026-03-02T10:00:40", "2026-03-02T10:01", "2026-03-02T10:01:20"}},
             {"15,45 30 9 * * *", "2026-03-02T09:30:15Z", {"2026-03-02T09:30:45", "2026-03-03T09:30:15"}},
             {"@hourly", "2026-03-02T10:00:00Z", {"2026-03-02T11:00"}},
             {"@Daily", "2026-03-02T10:00:00Z", {"2026-03-03T00:00"}},
             {"@weekly", "2026-03-02T10:00:00Z", {"2026-03-08T00:00"}},
             {"@monthly", "2026-03-02T10:00:00Z", {"2026-04-01T00:00"}},
             {"@annually", "2026-03-02T10:00:00Z", {"2027-01-01T00:00"}},
             {"  0\t9  * * *  ", "2026-03-02T10:00:00Z", {"2026-03-03T09:00"}},
         }) {
        CAPTURE(row.cron);
        CHECK(times(cron(row.cron), Zone{}, instant(row.after), row.want.size()) == row.want);
    }
}

TEST_CASE("two restricted day fields match when either does, unless one of them contains a star") {
    struct Row {
        std::string cron;
        Times want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"0 0 13 * fri",
              {"2026-03-06T00:00", "2026-03-13T00:00", "2026-03-20T00:00", "2026-03-27T00:00", "2026-04-03T00:00",
               "2026-04-10T00:00", "2026-04-13T00:00"}},
             {"0 0 */2 * fri", {"2026-03-13T00:00", "2026-03-27T00:00", "2026-04-03T00:00"}},
             {"0 0 13 * ?", {"2026-03-13T00:00", "2026-04-13T00:00"}},
             {"0 0 ? * fri", {"2026-03-06T00:00", "2026-03-13T00:00"}},
         }) {
        CAPTURE(row.cron);
        CHECK(times(cron(row.cron), Zone{}, instant("2026-03-02T00:00:00Z"), row.want.size()) == row.want);
    }
}

TEST_CASE("an interval counts from its anchor, whatever clocks do") {
    const auto anchor = instant("2026-03-28T10:00:07.5Z");

    CHECK(times(cron("@every 15m"), zone("Europe/Amsterdam"), anchor, 2, anchor) ==
          Times{"2026-03-28T10:15:07", "2026-03-28T10:30:07"});
    CHECK(times(cron("@EVERY 1d12h"), zone("Europe/Amsterdam"), anchor + 1min, 2, anchor) ==
          Times{"2026-03-29T22:00:07", "2026-03-31T10:00:07"});
    CHECK(times(cron("@every 90s"), Zone{}, anchor + 24h * 365, 1, anchor) == Times{"2027-03-28T10:01:37"});
}

TEST_CASE("clocks that change fire a time of day once and an interval in every hour that passes") {
    struct Row {
        std::string name;
        const char* zone;
        const char* cron;
        const char* after;
        Times want;
    };
    // Amsterdam: 02:00 -> 03:00 at 01:00Z on 2026-03-29; 03:00 -> 02:00 at 01:00Z on 2026-10-25.
    // Lord Howe moves by half an hour; Beirut changes at midnight; Apia left out 2011-12-30.
    for (const Row& row : std::initializer_list<Row>{
             {"left out",
              "Europe/Amsterdam",
              "30 2 * * *",
              "2026-03-28T12:00:00Z",
              {"2026-03-29T01:00", "2026-03-30T00:30"}},
             {"left out twice is once",
              "Europe/Amsterdam",
              "0,30 2,3 * * *",
              "2026-03-28T12:00:00Z",
              {"2026-03-29T01:00", "2026-03-29T01:30", "2026-03-30T00:00"}},
             {"after the gap began", "Europe/Amsterdam", "30 2 * * *", "2026-03-29T01:00:00Z", {"2026-03-30T00:30"}},
             {"repeated",
              "Europe/Amsterdam",
              "30 2 * * *",
              "2026-10-24T12:00:00Z",
              {"2026-10-25T00:30", "2026-10-26T01:30"}},
             {"asked in the second hour",
              "Europe/Amsterdam",
              "30 2 * * *",
              "2026-10-25T01:10:00Z",
              {"2026-10-26T01:30"}},
             {"repeated, then more",
              "Europe/Amsterdam",
              "30 1,2,3 * * *",
              "2026-10-24T22:00:00Z",
              {"2026-10-24T23:30", "2026-10-25T00:30", "2026-10-25T02:30"}},
             {"every half hour, autumn",
              "Europe/Amsterdam",
              "*/30 * * * *",
              "2026-10-24T23:45:00Z",
              {"2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"}},
             {"every half hour, spring",
              "Europe/Amsterdam",
              "*/30 * * * *",
              "2026-03-29T00:15:00Z",
              {"2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30"}},
             {"hourly, autumn",
              "Europe/Amsterdam",
              "15 * * * *",
              "2026-10-25T00:00:00Z",
              {"2026-10-25T00:15", "2026-10-25T01:15", "2026-10-25T02:15"}},
             {"all hours by number",
              "Europe/Amsterdam",
              "15 0-23 * * *",
              "2026-10-25T00:00:00Z",
              {"2026-10-25T00:15", "2026-10-25T01:15"}},
             {"minutes of one hour, autumn",
              "Europe/Amsterdam",
              "*/30 2 * * *",
              "2026-10-24T12:00:00Z",
              {"2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-26T01:00"}},
             {"minutes of one hour, spring",
              "Europe/Amsterdam",
              "*/30 2 * * *",
              "2026-03-28T12:00:00Z",
              {"2026-03-30T00:00"}},
             {"midnight left out",
              "Asia/Beirut",
              "@daily",
              "2026-03-28T00:00:00Z",
              {"2026-03-28T22:00", "2026-03-29T21:00"}},
             {"half an hour left out",
              "Australia/Lord_Howe",
              "15 2 * * *",
              "2026-10-03T12:00:00Z",
              {"2026-10-03T15:30", "2026-10-04T15:15"}},
             {"half an hour repeated",
              "Australia/Lord_Howe",
              "45 1 * * *",
              "2026-04-04T12:00:00Z",
              {"2026-04-04T14:45", "2026-04-05T15:15"}},
             {"a day left out",
              "Pacific/Apia",
              "0 12 * * *",
              "2011-12-29T00:00:00Z",
              {"2011-12-29T22:00", "2011-12-30T10:00", "2011-12-30T22:00"}},
             {"summer in 2037", "Europe/Amsterdam", "0 12 1 7 *", "2037-01-01T00:00:00Z", {"2037-07-01T10:00"}},
         }) {
        CAPTURE(row.name);
        CHECK(times(cron(row.cron), zone(row.zone), instant(row.after), row.want.size()) == row.want);
    }
}

TEST_CASE("an expression that names no day of the next eight years has no next time") {
    for (const auto* text : {"0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31W feb ?", "0 0 31 2 */7"}) {
        CAPTURE(text);
        CHECK_FALSE(next(cron(text), zone("America/New_York"), instant("2026-03-02T00:00:00Z")));
        const auto none = upcoming(cron(text), Zone{}, instant("2026-03-02T00:00:00Z"), 5);
        REQUIRE_FALSE(none);
        CHECK(none.error().code() == Code::cron_never_fires);
    }
}

TEST_CASE("the next times come in order, as many as were asked for") {
    const auto five = upcoming(cron("@hourly"), Zone{}, instant("2026-03-02T00:30:00Z"), 5);

    REQUIRE(five);
    CHECK(five->size() == 5);
    CHECK(five->front() == instant("2026-03-02T01:00:00Z"));
    CHECK(five->back() == instant("2026-03-02T05:00:00Z"));
}

TEST_CASE("an expression that cannot be read is refused with field, position and what is allowed") {
    struct Row {
        std::string cron;
        const char* field;
        int position;
        const char* why;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"", "expression", 1, "it is empty"},
             {"* * * *", "expression", 8, "4 fields; five are needed"},
             {"0 0 0 * * * 2026", "expression", 13, "7 fields"},
             {"61 * * * *", "minute", 1, "61 is out of range; allowed: 0-59"},
             {"0 0 24 * * *", "hour", 5, "24 is out of range; allowed: 0-23"},
             {"60 * * * * *", "second", 1, "60 is out of range"},
             {"0 9,x * * *", "hour", 5, "\"x\" is not expected here"},
             {"0 9, * * *", "hour", 5, "something is missing"},
             {"0 9- * * *", "hour", 5, "something is missing"},
             {"0 22-6 * * *", "hour", 3, "the range goes backwards; write 22-23,0-6"},
             {"*/0 * * * *", "minute", 3, "a step of 0"},
             {"*/90 * * * *", "minute", 3, "a step of 90 is outside 1-60; longer intervals: @every 90m"},
             {"* * 0 * *", "day of month", 5, "0 is out of range; allowed: 1-31"},
             {"* * 32 * *", "day of month", 5, "32 is out of range"},
             {"* * L-31 * *", "day of month", 7, "L-n takes 1-30"},
             {"* * 5L * *", "day of month", 6, "\"L\" is not expected here"},
             {"* * * foo *", "month", 7, "\"foo\" is no month; allowed: 1-12, jan-dec"},
             {"* * * 13 *", "month", 7, "13 is out of range"},
             {"* * * ? *", "month", 7, "\"?\" is not expected here"},
             {"* * * * 8", "day of week", 9, "8 is out of range"},
             {"* * * * mon#6", "day of week", 13, "a month has a weekday #1 to #5"},
             {"* * * * monday#", "day of week", 16, "something is missing"},
             {"* * * * L", "day of week", 9, "\"l\" is no weekday"},
             {"* * * * mo", "day of week", 9, "\"mo\" is no weekday"},
             {"* * * * mon;rm", "day of week", 12, "\";\" is not expected here"},
             {"*\n* * * * *", "minute", 2, "this character is not expected here"},
             {"99999999999999999999 * * * *", "minute", 1, "99999999999999999999 is out of range"},
             {"@reboot", "macro", 1, "allowed: @hourly"},
             {"@daily 5", "macro", 8, "@daily stands alone"},
             {"@every", "interval", 7, "allowed: @every"},
             {"@every 15", "interval", 10, "allowed: @every"},
             {"@every 15m1h", "interval", 12, "allowed: @every"},
             {"@every 0s", "interval", 8, "allowed: @every"},
             {"@every 367d", "interval", 8, "allowed: @every"},
         }) {
        CAPTURE(row.cron);
        const auto parsed = parse_cron(row.cron);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code() == Code::invalid_cron);
        CHECK(*parsed.error().arg("field") == row.field);
        CHECK(*parsed.error().arg("position") == std::to_string(row.position));
        CHECK_MESSAGE(parsed.error().arg("why")->find(row.why) != std::string::npos, *parsed.error().arg("why"));
    }
    const auto endless = parse_cron(std::string(100'000, '*'));
    REQUIRE_FALSE(endless);
    CHECK(*endless.error().arg("why") == "at most 200 characters");
}

TEST_CASE("an unknown time zone is refused with the name that was meant") {
    struct Row {
        std::string name;
        const char* hint;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"europe/amsterdam", "Europe/Amsterdam"},
             {"Amsterdam", "Europe/Amsterdam"},
             {"New York", "America/New_York"},
             {"Europe/Amsterdm", "Europe/Amsterdam"},
             {"utc", "UTC"},
             {"localtime", nullptr},
             {"../../../etc/passwd", nullptr},
             {"right/UTC", nullptr},
             {"", nullptr},
         }) {
        CAPTURE(row.name);
        const auto found = Zone::find(row.name);
        REQUIRE_FALSE(found);
        CHECK(found.error().code() == Code::unknown_time_zone);
        if (row.hint) CHECK(*found.error().arg("hint") == fmt::format("; did you mean \"{}\"?", row.hint));
    }
}

TEST_CASE("a time is shown as the clocks of its zone show it") {
    const auto at = instant("2026-10-25T00:30:00.9Z");

    CHECK(Zone{}.local_text(at) == "2026-10-25T00:30:00+00:00");
    CHECK(zone("Europe/Amsterdam").local_text(at) == "2026-10-25T02:30:00+02:00");
    CHECK(zone("Europe/Amsterdam").local_text(at + 1h) == "2026-10-25T02:30:00+01:00");
    CHECK(zone("America/St_Johns").local_text(at) == "2026-10-24T22:00:00-02:30");
    CHECK(zone("Asia/Kathmandu").local_text(at) == "2026-10-25T06:15:00+05:45");
}
