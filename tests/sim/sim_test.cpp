#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "world.hpp"

/// Worlds that go wrong in every way, one for each seed; README.md says what has to hold in all of them.
///
///     build/release/tests/sim_test                              400 worlds of 250 jobs
///     MILLRACE_SIM_SEEDS=5000 build/release/tests/sim_test      more; MILLRACE_SIM_FIRST=1000 begins elsewhere
///     MILLRACE_SIM_SEED=17 build/release/tests/sim_test         one, told step by step
namespace millrace::sim {
namespace {

std::uint64_t number_of(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

#ifdef NDEBUG
constexpr std::uint64_t seeds_usual = 400;
#else
constexpr std::uint64_t seeds_usual = 12;  // with the sanitizers
#endif

/// The disk, and an empty database on it to begin each world with.
struct Ground {
    MemoryVfs vfs;
    MemoryVfs::Image empty;
    Ground() {
        {
            events::Hub hub;
            storage::sqlite::Database made{{.directory = "/tmp"}, hub, {}, storage::detail::Driven::by_callers};
        }
        empty = vfs.image();
    }
};

Result run(const Options& options) {
    static Ground ground;
    return World{ground.vfs, ground.empty, options}.run();
}

/// The first seed in which the mistake shows.
std::optional<std::uint64_t> found_within(Mutation mutation, std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const auto result = run({.seed = seed, .mutation = mutation});
        if (!result.ok()) {
            MESSAGE(result.violation);
            return seed;
        }
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("every guarantee holds in every world") {
    if (const auto one = number_of("MILLRACE_SIM_SEED", 0)) {
        const auto result = run({.seed = one, .trace = &std::cerr});
        CHECK_MESSAGE(result.ok(), result.violation);
        return;
    }
    const auto first = number_of("MILLRACE_SIM_FIRST", 1);
    Result all;
    for (std::uint64_t seed = first; seed < first + number_of("MILLRACE_SIM_SEEDS", seeds_usual); ++seed) {
        const auto result = run({.seed = seed});
        CHECK_MESSAGE(result.ok(), result.violation, "; told by MILLRACE_SIM_SEED=", seed);
        all.jobs += result.jobs;
        all.attempts += result.attempts;
        all.losses += result.losses;
        all.crashes += result.crashes;
        all.power_cuts += result.power_cuts;
        all.unknown += result.unknown;
        all.took += result.took;
    }
    MESSAGE(all.jobs, " jobs, ", all.attempts, " attempts, ", all.losses, " lost; ", all.crashes, " crashes, ", all.power_cuts,
            " losses of power, ", all.unknown, " answers lost; ", to_string(all.took), " of virtual time");
}

TEST_CASE("worlds that were broken once are not any more") {
    std::ifstream file{MILLRACE_SOURCE_DIR "/tests/sim/seeds.txt"};
    REQUIRE(file.good());
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        const auto result = run({.seed = std::strtoull(line.c_str(), nullptr, 10)});
        CHECK_MESSAGE(result.ok(), result.violation);
    }
}

TEST_CASE("a seed always gives the same world") {
    for (const std::uint64_t seed : {3, 4, 5}) {
        const auto once = run({.seed = seed}), again = run({.seed = seed});
        CHECK(once.trace == again.trace);
        CHECK(once.took == again.took);
        CHECK(run({.seed = seed + 100}).trace != once.trace);
    }
}

TEST_CASE("the simulator finds the mistakes it is there for") {
    CHECK(found_within(Mutation::no_fence, 30).has_value());
    CHECK(found_within(Mutation::no_guard, 30).has_value());
    CHECK(found_within(Mutation::split_transaction, 30).has_value());
    CHECK(found_within(Mutation::lost_wakeups, 30).has_value());
    CHECK(found_within(Mutation::rescue_by_age, 30).has_value());
    CHECK(found_within(Mutation::forgotten_claims, 30).has_value());
}

}  // namespace millrace::sim
