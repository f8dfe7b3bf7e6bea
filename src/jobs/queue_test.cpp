#include <doctest/doctest.h>

#include "jobs/queue.hpp"

using namespace millrace;
using namespace millrace::jobs;

TEST_CASE("a rate allows its count at once and then refills evenly") {
    const Instant t0{1h};
    std::optional<Instant> free_at;
    CHECK(starts_allowed(4, 1s, free_at, t0) == 4);
    free_at = after_starts(4, 1s, free_at, t0, 4);
    CHECK(starts_allowed(4, 1s, free_at, t0) == 0);
    CHECK(starts_allowed(4, 1s, free_at, t0 + 249ms) == 0);
    CHECK(starts_allowed(4, 1s, free_at, t0 + 250ms) == 1);
    CHECK(starts_allowed(4, 1s, free_at, t0 + 10s) == 4);
}

TEST_CASE("over any time a rate is kept, whatever the times of asking") {
    const Instant t0{1h};
    std::optional<Instant> free_at;
    int started = 0;
    for (int ms = 0; ms < 10'000; ms += 7) {
        const Instant now = t0 + Duration{std::chrono::milliseconds{ms}};
        const int n = starts_allowed(10, 1s, free_at, now);
        free_at = after_starts(10, 1s, free_at, now, n);
        started += n;
    }
    CHECK(started <= 110);
    CHECK(started >= 100);
}

TEST_CASE("a clock that steps back stops no queue for longer than the step") {
    const Instant t0{1h};
    const auto free_at = after_starts(1, 1s, std::nullopt, t0, 1);
    CHECK(starts_allowed(1, 1s, free_at, t0 - 5s) == 0);
    CHECK(starts_allowed(1, 1s, free_at, t0 + 1s) == 1);
}

TEST_CASE("limits that make no sense are refused") {
    Queue q;
    CHECK(problems(q).empty());
    q.running_max = 0;
    q.rate_count = 5;
    q.key_rate_period_ms = 100;
    std::vector<std::string> at;
    for (const auto& issue : problems(q)) at.push_back(issue.pointer);
    CHECK(at == std::vector<std::string>{"/running_max", "/rate_period_ms", "/key_rate_count"});
    CHECK(is_queue_name("default"));
    CHECK(is_queue_name("team-a.imports_2"));
    CHECK(!is_queue_name(""));
    CHECK(!is_queue_name("a b"));
    CHECK(!is_queue_name(std::string(65, 'a')));
}
