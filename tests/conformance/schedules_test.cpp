#include <algorithm>
#include <atomic>

#include "bench.hpp"
#include "jobs/scheduler.hpp"

/// Schedules and the scheduler, with several servers on one database.
namespace millrace::test {
namespace {

using jobs::CatchUp;
using jobs::Schedule;
using jobs::Scheduler;

/// A whole hour, some days ahead of the real clock.
Instant some_hour(const Bench& bench) { return std::chrono::ceil<std::chrono::hours>(bench.now); }

struct Server {
    Server(storage::Storage& storage, const Clock& clock)
        : scheduler{storage.schedules(), storage.ledger(), clock, log} {}
    observe::Log log;
    Scheduler scheduler;
};

Schedule hourly(const Bench& bench, CatchUp catch_up = CatchUp::last) {
    Schedule s;
    s.id = Uuid::generate();
    s.owner = bench.scope.user;
    s.org = bench.scope.org;
    s.name = "hourly";
    s.cron = "0 * * * *";
    s.catch_up = catch_up;
    s.job.kind = "other";
    s.job.type = "processing";
    s.job.input = {{"depth", 3}};
    s.job.tags = {"nightly", "north"};
    s.job.retry = jobs::RetryPolicy{.base_ms = 7};
    s.next_at = some_hour(bench);
    s.created_at = s.updated_at = bench.now;
    return s;
}

void put(Bench& bench, const Schedule& schedule, bool retime = true) {
    REQUIRE(bench.commit(std::move(Commit{}.add(jobs::PutSchedule{schedule, retime}))) == Outcome::applied);
}

Schedule get(Bench& bench, const Schedule& schedule) { return bench.storage().schedules().get(schedule.id, bench.scope).value(); }

/// What the jobs of a schedule say they are for, in order.
std::vector<std::string> fired(Bench& bench, const Schedule& schedule) {
    std::vector<std::string> out;
    jobs::ListRequest request;
    request.limit = 1000;
    for (const auto& job : bench.jobs().list(bench.scope, request).items) {
        if (job.schedule != schedule.id) continue;
        out.emplace_back(std::string_view{job.metadata.at("scheduled_for").as_string()});
    }
    std::ranges::sort(out);
    return out;
}

std::vector<std::string> hours(Instant first, int count) {
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) out.push_back(to_rfc3339(first + i * 1h));
    return out;
}

}  // namespace

ON_BOTH("a schedule reads back, is listed by name and time, and is nobody else's") {
    auto& store = bench.storage().schedules();
    auto first = hourly(bench), second = hourly(bench);
    first.name = "b";
    second.name = "a";
    second.next_at.reset();
    second.enabled = false;
    second.zone = "Europe/Amsterdam";
    second.created_at += 1s;
    put(bench, first);
    put(bench, second);

    const auto read = get(bench, first);
    CHECK(to_json(jobs::view(read)) == to_json(jobs::view(first)));
    CHECK(read.org == first.org);
    const auto names = [&](std::string_view filter, std::string_view sort) {
        jobs::ScheduleListRequest request;
        request.filter = query::parse_filter(filter, jobs::schedule_fields());
        request.sort = query::parse_sort(sort, jobs::schedule_fields());
        std::string out;
        for (const auto& s : store.list(bench.scope, request).items) out += s.name;
        return out;
    };
    CHECK(names("", "") == "ab");
    CHECK(names("", "-name") == "ba");
    CHECK(names("", "next_at") == "ab");
    CHECK(names("zone:Europe/Amsterdam", "") == "a");
    CHECK(names("name:~B", "") == "b");
    const Scope other{Uuid::generate(), Uuid::generate()};
    CHECK_FALSE(store.get(first.id, other));
    CHECK(store.list(other, {}).items.empty());
    CHECK(store.list({Uuid::generate(), bench.scope.org, Role::admin, Scope::Reach::org}, {}).items.size() == 2);
}

ON_BOTH("a change needs the version it was made from, and leaves the times alone unless they changed") {
    auto schedule = hourly(bench);
    put(bench, schedule);
    jobs::AdvanceSchedule advance;
    advance.schedule = schedule.id;
    advance.version = 1;
    advance.last_at = schedule.next_at;
    advance.next_at = *schedule.next_at + 1h;
    advance.at = bench.now;
    bench.commit(std::move(Commit{}.add(advance)));

    auto changed = schedule;
    changed.name = "other";
    changed.version = 2;
    Commit commit;
    commit.guard(jobs::ScheduleVersion{schedule.id, 1}).add(jobs::PutSchedule{changed, false});
    CHECK(bench.commit(std::move(commit)) == Outcome::applied);
    CHECK(get(bench, schedule).name == "other");
    CHECK(get(bench, schedule).next_at == advance.next_at);
    CHECK(get(bench, schedule).last_at == advance.last_at);

    CHECK(bench.commit(std::move(Commit{}.guard(jobs::ScheduleVersion{schedule.id, 1}))) == Outcome::lost);
    CHECK(bench.commit(std::move(Commit{}.guard(jobs::ScheduleVersion{Uuid::generate(), 1}))) == Outcome::lost);
    advance.next_at = *advance.next_at + 5h;
    bench.commit(std::move(Commit{}.add(advance)));
    CHECK_MESSAGE(get(bench, schedule).next_at == *schedule.next_at + 1h, "an advance of an older version has no effect");
    advance.version = 2;
    advance.next_at = *schedule.next_at;
    bench.commit(std::move(Commit{}.add(advance)));
    CHECK_MESSAGE(get(bench, schedule).next_at == *schedule.next_at + 1h, "and none goes back");

    bench.commit(std::move(Commit{}.add(jobs::RemoveSchedule{schedule.id, bench.now})));
    CHECK_FALSE(bench.storage().schedules().get(schedule.id, bench.scope));
    CHECK(bench.event_types() == std::vector<std::string>{"schedule.created", "schedule.fired", "schedule.updated", "schedule.deleted"});
}

ON_BOTH("a due schedule makes one job of its template and moves on") {
    const auto schedule = hourly(bench);
    put(bench, schedule);
    ManualClock clock;
    clock.at = *schedule.next_at - 1us;
    Server server{bench.storage(), clock};
    CHECK(server.scheduler.turn() == 0);
    CHECK(bench.storage().schedules().next_due(clock.at) == schedule.next_at);

    clock.advance(1ms);
    CHECK(server.scheduler.turn() == 1);
    CHECK(server.scheduler.turn() == 0);

    CHECK(fired(bench, schedule) == hours(*schedule.next_at, 1));
    const auto job = bench.jobs().list(bench.scope, {}).items.at(0);
    CHECK(job.kind == "other");
    CHECK(job.state == State::queued);
    CHECK(job.input.at("depth") == 3);
    CHECK(job.tags == schedule.job.tags);
    CHECK(job.options.retry == schedule.job.retry);
    CHECK(job.owner == schedule.owner);
    CHECK(job.org == schedule.org);
    const auto after = get(bench, schedule);
    CHECK(after.last_at == schedule.next_at);
    CHECK(after.next_at == *schedule.next_at + 1h);
    CHECK(after.version == 1);
    CHECK(bench.event_types() == std::vector<std::string>{"schedule.created", "job.queued", "schedule.fired"});
}

ON_BOTH("of several servers one fires each slot") {
    ManualClock clock;
    std::vector<Schedule> schedules;
    for (int i = 0; i < 4; ++i) {
        schedules.push_back(hourly(bench, i % 2 == 0 ? CatchUp::all : CatchUp::last));
        put(bench, schedules.back());
    }
    Server a{bench.storage(), clock}, b{bench.second(), clock}, c{bench.second(), clock};
    const auto first = *schedules[0].next_at;
    std::atomic<int> made = 0;
    const auto turn = [&made](Server& server) { return [&] { made += server.scheduler.turn(); }; };

    for (int hour = 0; hour < 12; ++hour) {
        clock.at = first + hour * 1h + 1ms;
        together({turn(a), turn(b), turn(c)});
    }
    a.scheduler.turn();  // what two that met left over

    for (const auto& schedule : schedules) CHECK(fired(bench, schedule) == hours(first, 12));
    CHECK(made == 48);
}

ON_BOTH("after downtime slots are fired or left out as each schedule asks") {
    auto none = hourly(bench, CatchUp::none), last = hourly(bench, CatchUp::last), all = hourly(bench, CatchUp::all);
    for (const auto& s : {none, last, all}) put(bench, s);
    const auto first = *all.next_at;
    ManualClock clock;
    clock.at = first + 300h + 30min;
    Server server{bench.storage(), clock};

    server.scheduler.turn();

    CHECK(fired(bench, none).empty());
    CHECK(get(bench, none).next_at == first + 301h);
    CHECK_FALSE(get(bench, none).last_at);
    CHECK(fired(bench, last) == hours(first + 300h, 1));
    CHECK_MESSAGE(fired(bench, all) == hours(first + 201h, jobs::caught_up_max), "the newest hundred");
    clock.at = first + 301h;
    server.scheduler.turn();
    for (const auto& s : {none, last, all}) CHECK(fired(bench, s).back() == to_rfc3339(first + 301h));
}

ON_BOTH("a slot whose job exists is not fired again, even when the schedule names it again") {
    auto schedule = hourly(bench);
    put(bench, schedule);
    ManualClock clock;
    clock.at = *schedule.next_at;
    Server server{bench.storage(), clock};
    server.scheduler.turn();

    schedule.version = 2;
    put(bench, schedule);  // by a server whose clock is behind
    server.scheduler.turn();

    CHECK(fired(bench, schedule) == hours(*schedule.next_at, 1));
    CHECK(get(bench, schedule).next_at == *schedule.next_at + 1h);
    Commit again;
    again.guard(jobs::FireSlot{schedule.id, *schedule.next_at, Uuid::generate()});
    const auto refused = bench.ledger().commit(std::move(again));
    CHECK(refused.outcome == Outcome::refused);
    CHECK(refused.existing == bench.jobs().list(bench.scope, {}).items.at(0).id);
}

ON_BOTH("with a unique key a slot is left out while the job before it has not ended") {
    auto schedule = hourly(bench, CatchUp::all);
    schedule.job.unique_key = "one at a time";
    put(bench, schedule);
    const auto first = *schedule.next_at;
    ManualClock clock;
    clock.at = first + 5h;
    Server server{bench.storage(), clock};

    CHECK(server.scheduler.turn() == 1);
    clock.advance(1h);
    CHECK(server.scheduler.turn() == 0);

    CHECK_MESSAGE(fired(bench, schedule) == hours(first + 5h, 1), "of several missed slots the newest");
    CHECK(get(bench, schedule).next_at == first + 7h);
    const auto job = bench.jobs().list(bench.scope, {}).items.at(0);
    bench.commit(std::move(Commit{}.add(jobs::Cancel{job.id, bench.now})));
    clock.advance(1h);
    CHECK(server.scheduler.turn() == 1);
    CHECK(fired(bench, schedule).back() == to_rfc3339(first + 7h));
}

ON_BOTH("schedules that are off or cannot be read here do not fire and keep nobody else from it") {
    auto off = hourly(bench), foreign = hourly(bench);
    off.enabled = false;
    foreign.zone = "Mars/Olympus";
    foreign.next_at = *foreign.next_at - 1h;
    put(bench, off);
    put(bench, foreign);
    std::vector<Schedule> good;
    for (int i = 0; i < 150; ++i) put(bench, good.emplace_back(hourly(bench)));
    ManualClock clock;
    clock.at = *off.next_at + 1s;
    Server server{bench.storage(), clock};

    CHECK(server.scheduler.turn() == 150);

    CHECK(fired(bench, off).empty());
    CHECK(fired(bench, foreign).empty());
    CHECK(get(bench, foreign).next_at == foreign.next_at);
    CHECK(bench.storage().schedules().next_due(clock.at) == *good[0].next_at + 1h);
}

}  // namespace millrace::test
