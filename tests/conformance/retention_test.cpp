#include "jobs/retention.hpp"

#include <algorithm>

#include "bench.hpp"

namespace millrace::test {
namespace {

/// A job of about 4 KiB that ended now. The text is random, so PostgreSQL cannot make it much smaller.
Uuid ended_job(Bench& bench, State state) {
    Job job = bench.new_job("other", State::blocked);
    std::string text;
    while (text.size() < 4000) text += Uuid::generate().str();
    job.input = {{"text", text}};
    bench.create(job);
    jobs::Settle settle;
    settle.job = job.id;
    settle.outcome = "done";
    settle.state = state;
    settle.at = bench.now;
    bench.commit(std::move(Commit{}.add(settle)));
    return job.id;
}

/// Jobs that ended a second after each other, in all the ways, oldest first.
std::vector<Uuid> ended_jobs(Bench& bench, int number) {
    static constexpr State ways[] = {State::completed, State::failed, State::cancelled};
    std::vector<Uuid> out;
    for (int i = 0; i < number; ++i) {
        bench.later(1s);
        out.push_back(ended_job(bench, ways[i % 3]));
    }
    return out;
}

std::vector<bool> which_are_there(Bench& bench, const std::vector<Uuid>& ids) {
    std::vector<bool> out;
    for (const auto& id : ids) out.push_back(bench.jobs().get(id).has_value());
    return out;
}

bool keep_within(Bench& bench, std::int64_t limit, Instant before) {
    return jobs::keep_within({.limit = {static_cast<std::uint64_t>(limit)}, .before = before, .now = bench.now}, bench.jobs(), bench.ledger());
}

}  // namespace

ON_BOTH("above its size the oldest of the history goes, not more than needed, and what has not ended stays") {
    const auto waiting = bench.create("other", State::queued).id;
    const auto ids = ended_jobs(bench, 200);
    const auto first_event = bench.all_events().front().seq;
    const auto before = bench.jobs().history_bytes();
    const auto limit = before - 400'000;

    CHECK(keep_within(bench, limit, bench.now + 1s));

    const auto after = bench.jobs().history_bytes();
    CHECK(after <= limit);
    const auto there = which_are_there(bench, ids);
    const auto left = std::ranges::count(there, true);
    CHECK(left > 50);
    CHECK(left < 150);
    CHECK(std::ranges::is_sorted(there));  // the oldest are gone, the newest are there
    CHECK(bench.jobs().get(waiting));
    CHECK(bench.all_events().front().seq > first_event);

    SUBCASE("and nothing more the next time") {
        CHECK(keep_within(bench, limit, bench.now + 1s));
        CHECK(which_are_there(bench, ids) == there);
    }
}

ON_BOTH("a history within its size is left alone") {
    const auto ids = ended_jobs(bench, 3);
    const auto dump = bench.dump();

    CHECK(keep_within(bench, bench.jobs().history_bytes(), bench.now + 1s));

    CHECK(bench.dump() == dump);
}

ON_BOTH("what ended a moment ago stays whatever the size, and the removal comes to an end") {
    const auto old = ended_jobs(bench, 5);
    bench.later(1min);
    const auto border = bench.now;
    const auto fresh = ended_jobs(bench, 5);
    const auto waiting = bench.create("other", State::queued).id;

    CHECK(keep_within(bench, 1, border));

    CHECK(which_are_there(bench, old) == std::vector<bool>(5, false));
    CHECK(which_are_there(bench, fresh) == std::vector<bool>(5, true));
    CHECK(bench.jobs().get(waiting));
    CHECK(std::ranges::all_of(bench.all_events(), [&](const auto& event) { return event.at >= border; }));
}

ON_BOTH("the jobs that ended first are named first, with what they take") {
    const auto ids = ended_jobs(bench, 7);

    const auto oldest = bench.jobs().oldest_ended(bench.now, 5);

    REQUIRE(oldest.size() == 5);
    for (std::size_t i = 0; i < oldest.size(); ++i) {
        CHECK(oldest[i].id == ids[i]);
        CHECK(oldest[i].bytes > 2'000);
        CHECK(oldest[i].bytes < 8'000);
    }
}

}  // namespace millrace::test
