#include <doctest/doctest.h>

#include "jobs/detail/attempt.hpp"

using namespace millrace;
using namespace millrace::jobs;
using jobs::detail::RunningAttempt;

namespace {

/// Commits whatever it is given.
struct Accepting final : ledger::Ledger {
    ledger::Committed commit(ledger::Commit) override { return {}; }
};

struct Watched {
    Accepting ledger;
    SystemClock clock;
    RunningAttempt attempt;

    Watched() : attempt{claimed(), ledger, clock} {}

    static Claimed claimed() {
        Claimed one;
        one.job.id = Uuid::generate();
        one.job.state = State::running;
        return one;
    }
};

}  // namespace

TEST_CASE("a tick is taken once") {
    Watched w;
    w.attempt.tick(45, "half");

    CHECK(w.attempt.take_progress()->progress == 45);
    CHECK(!w.attempt.take_progress());
}

TEST_CASE("a tick that a stage or the ending has overtaken is not taken any more") {
    Watched w;
    w.attempt.tick(45, "half");
    w.attempt.stage(70, "parsed", "");
    CHECK(!w.attempt.take_progress());

    w.attempt.tick(75, "more");
    w.attempt.finish({});
    CHECK(!w.attempt.take_progress());
}
