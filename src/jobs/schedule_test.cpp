#include "jobs/schedule.hpp"

#include <doctest/doctest.h>

using namespace millrace;
using namespace millrace::jobs;

namespace {

Instant instant(std::string_view text) { return *from_rfc3339(text); }

Schedule schedule(std::string cron, CatchUp catch_up, std::string_view next_at) {
    Schedule s;
    s.cron = std::move(cron);
    s.catch_up = catch_up;
    s.next_at = instant(next_at);
    s.created_at = instant("2026-03-01T00:00:05.5Z");
    return s;
}

std::vector<std::string> text(const std::vector<Instant>& slots) {
    std::vector<std::string> out;
    for (const auto& slot : slots) out.push_back(to_rfc3339(slot).substr(5, 14));
    return out;
}

}  // namespace

TEST_CASE("slots that nobody fired are left out, fired once or all fired, as the schedule says") {
    struct Row { std::string name, cron; CatchUp catch_up; const char* next_at; const char* now; std::vector<std::string> want; const char* then; };
    for (const Row& row : std::initializer_list<Row>{
             {"on time", "0 * * * *", CatchUp::last, "2026-03-02T10:00:00Z", "2026-03-02T10:00:00.3Z", {"03-02T10:00:00"}, "2026-03-02T11:00:00Z"},
             {"on time, none", "0 * * * *", CatchUp::none, "2026-03-02T10:00:00Z", "2026-03-02T10:00:00.3Z", {"03-02T10:00:00"}, "2026-03-02T11:00:00Z"},
             {"a little late, none", "0 * * * *", CatchUp::none, "2026-03-02T10:00:00Z", "2026-03-02T10:00:59Z", {"03-02T10:00:00"}, "2026-03-02T11:00:00Z"},
             {"missed, none", "0 * * * *", CatchUp::none, "2026-03-02T10:00:00Z", "2026-03-02T12:30:00Z", {}, "2026-03-02T13:00:00Z"},
             {"missed, the newest on time, none", "0 * * * *", CatchUp::none, "2026-03-02T10:00:00Z", "2026-03-02T13:00:10Z", {"03-02T13:00:00"}, "2026-03-02T14:00:00Z"},
             {"missed, last", "0 * * * *", CatchUp::last, "2026-03-02T10:00:00Z", "2026-03-02T12:30:00Z", {"03-02T12:00:00"}, "2026-03-02T13:00:00Z"},
             {"missed, all", "0 * * * *", CatchUp::all, "2026-03-02T10:00:00Z", "2026-03-02T12:30:00Z", {"03-02T10:00:00", "03-02T11:00:00", "03-02T12:00:00"}, "2026-03-02T13:00:00Z"},
             {"a yearly one, last", "0 0 1 1 *", CatchUp::last, "2024-01-01T00:00:00Z", "2026-03-02T12:30:00Z", {"01-01T00:00:00"}, "2027-01-01T00:00:00Z"},
             {"an interval, all", "@every 1h", CatchUp::all, "2026-03-02T10:00:05Z", "2026-03-02T11:30:00Z", {"03-02T10:00:05", "03-02T11:00:05"}, "2026-03-02T12:00:05Z"},
         }) {
        CAPTURE(row.name);

        const auto planned = plan(schedule(row.cron, row.catch_up, row.next_at), instant(row.now));

        REQUIRE(planned);
        CHECK(text(planned->slots) == row.want);
        CHECK(planned->next_at == instant(row.then));
    }
}

TEST_CASE("a slot that has fired does not fire again, though it may be named as the next one") {
    auto s = schedule("0 * * * *", CatchUp::all, "2026-03-02T10:00:00Z");
    s.last_at = instant("2026-03-02T10:00:00Z");

    CHECK(plan(s, instant("2026-03-02T10:00:01Z"))->slots.empty());
    CHECK(text(plan(s, instant("2026-03-02T11:00:01Z"))->slots) == std::vector<std::string>{"03-02T11:00:00"});
}

TEST_CASE("after a year without a server a schedule of every second fires its newest hundred slots") {
    const auto planned = plan(schedule("* * * * * *", CatchUp::all, "2025-03-02T10:00:00Z"), instant("2026-03-02T10:00:00.5Z"));

    REQUIRE(planned);
    REQUIRE(planned->slots.size() == caught_up_max);
    CHECK(planned->slots.front() == instant("2026-03-02T09:58:21Z"));
    CHECK(planned->slots.back() == instant("2026-03-02T10:00:00Z"));
}

TEST_CASE("a schedule that this machine cannot read says why") {
    auto unknown_zone = schedule("0 * * * *", CatchUp::last, "2026-03-02T10:00:00Z");
    unknown_zone.zone = "Mars/Olympus";
    const auto now = instant("2026-03-02T10:00:00Z");

    CHECK(plan(unknown_zone, now).error().code() == Code::unknown_time_zone);
    CHECK(plan(schedule("0 25 * * *", CatchUp::last, "2026-03-02T10:00:00Z"), now).error().code() == Code::invalid_cron);
    CHECK(first_slot(schedule("0 0 30 2 *", CatchUp::last, "2026-03-02T10:00:00Z"), now).error().code() == Code::cron_never_fires);
    CHECK(first_slot(schedule("@daily", CatchUp::last, "2026-03-02T10:00:00Z"), now) == instant("2026-03-03T00:00:00Z"));
}
