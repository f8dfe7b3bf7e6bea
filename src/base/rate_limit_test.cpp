#include "base/rate_limit.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace millrace;
using Time = RateLimit::Time;

namespace {

/// How many of `tries` at that time are allowed.
int allowed(RateLimit& limit, std::uint64_t caller, Time now, int tries) {
    int number = 0;
    for (int i = 0; i < tries; ++i) number += limit.ask(caller, now).allowed ? 1 : 0;
    return number;
}

}  // namespace

TEST_CASE("a burst is allowed at once, counting down, and the next is told how long to wait") {
    RateLimit limit{{.count = 3, .period = 60s}};
    const Time now{1h};

    for (const std::uint64_t left : {2, 1, 0}) {
        const auto verdict = limit.ask(1, now);
        CHECK(verdict.allowed);
        CHECK(verdict.left == left);
        CHECK(verdict.full_in == std::chrono::seconds{20 * (3 - left)});
        CHECK(verdict.wait == 0s);
    }
    const auto refused = limit.ask(1, now);

    CHECK_FALSE(refused.allowed);
    CHECK(refused.left == 0);
    CHECK(refused.wait == 20s);
    CHECK(refused.full_in == 60s);
}

TEST_CASE("an allowance refills evenly and up to its burst") {
    struct Row { const char* name; Rate rate; Duration pause; int want; };
    for (const Row& row : std::initializer_list<Row>{
             {"nothing yet",            {.count = 6, .period = 60s},              9'999ms, 0},
             {"one",                    {.count = 6, .period = 60s},              10s, 1},
             {"one and a half",         {.count = 6, .period = 60s},              15s, 1},
             {"two",                    {.count = 6, .period = 60s},              20s, 2},
             {"no more than the burst", {.count = 6, .period = 60s},              24h, 6},
             {"a small burst",          {.count = 6, .period = 60s, .burst = 2},  24h, 2},
             {"a large burst, in part", {.count = 6, .period = 60s, .burst = 10}, 60s, 6},
             {"a large burst, whole",   {.count = 6, .period = 60s, .burst = 10}, 100s, 10},
         }) {
        CAPTURE(row.name);
        RateLimit limit{row.rate};
        const Time start{1h};
        CHECK(allowed(limit, 1, start, 1000) == static_cast<int>(row.rate.burst ? row.rate.burst : row.rate.count));

        CHECK(allowed(limit, 1, start + row.pause, 1000) == row.want);
    }
}

TEST_CASE("the wait that is told is enough, and what was refused costs nothing") {
    RateLimit limit{{.count = 7, .period = 60s}};
    Time now{1h};
    allowed(limit, 1, now, 7);

    for (int i = 0; i < 50; ++i) {
        const auto refused = limit.ask(1, now);
        REQUIRE_FALSE(refused.allowed);
        REQUIRE(refused.wait > 0s);
        now += refused.wait;
        allowed(limit, 1, now - 1s, 10);
        REQUIRE(limit.ask(1, now).allowed);
        allowed(limit, 1, now, 7);
    }
}

TEST_CASE("callers do not use up each other's allowance") {
    RateLimit limit{{.count = 2, .period = 60s}};
    const Time now{1h};

    CHECK(allowed(limit, 1, now, 10) == 2);
    CHECK(allowed(limit, 2, now, 10) == 2);
    CHECK_FALSE(limit.ask(1, now).allowed);
}

TEST_CASE("a flood of callers takes bounded memory and does not free one that keeps asking") {
    RateLimit limit{{.count = 1, .period = 1h}};
    const Time now{1h};
    CHECK(limit.ask(0, now).allowed);

    for (std::uint64_t i = 1; i <= 4 * RateLimit::callers_max; ++i) {
        limit.ask(i, now);
        if (i % 1000 == 0) REQUIRE_FALSE(limit.ask(0, now).allowed);
    }

    CHECK(limit.callers() <= RateLimit::callers_max);
    CHECK(limit.callers() >= RateLimit::callers_max / 4);
    CHECK(limit.ask(1, now).allowed);  // forgotten long ago
}

TEST_CASE("no rate is no limit, and absurd ones do not overflow") {
    RateLimit none{{}};
    CHECK(allowed(none, 1, Time{1h}, 1000) == 1000);
    CHECK(none.callers() == 0);
    for (const Rate& rate : {Rate{.count = UINT64_MAX, .period = 1s}, Rate{.count = 1, .period = 60s, .burst = UINT64_MAX},
                             Rate{.count = UINT64_MAX, .period = 1s, .burst = UINT64_MAX}}) {
        RateLimit limit{rate};
        CHECK(allowed(limit, 1, Time{1h}, 1000) == 1000);
        CHECK(limit.ask(1, Time{1h}).left > 1'000'000);
    }
}

TEST_CASE("threads together are allowed as much as one") {
    RateLimit limit{{.count = 10'000, .period = 1h}};
    std::atomic<int> number = 0;
    constexpr int threads = 4, tries = 50'000;
    const auto start = std::chrono::steady_clock::now();
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i) all.emplace_back([&] { number += allowed(limit, 1, Time{1h}, tries); });
    }
    const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;

    CHECK(number == 10'000);
    MESSAGE("ns per request, four threads on one caller: ", elapsed.count() / (threads * tries));
}
