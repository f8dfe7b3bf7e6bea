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
    events::Hub hub;
    std::unique_ptr<events::Subscription> reader;
    RunningAttempt attempt;

    Watched() : attempt{claimed(), ledger, clock} {
        events::Interest all;
        all.scope.role = Role::admin;
        all.scope.reach = Scope::Reach::all;
        reader = hub.subscribe(all);
    }

    static Claimed claimed() {
        Claimed one;
        one.job.id = Uuid::generate();
        one.job.state = State::running;
        return one;
    }

    std::size_t seen() { return reader->take(SIZE_MAX).events.size(); }
};

}  // namespace

TEST_CASE("a tick is shown") {
    Watched w;
    w.attempt.tick(45, "half");
    w.attempt.publish_tick(*w.attempt.take_tick(), w.hub);
    CHECK(w.seen() == 1);
    CHECK(!w.attempt.take_tick());
}

TEST_CASE("a tick that a stage or the ending has overtaken is not shown any more") {
    Watched w;
    w.attempt.tick(45, "half");
    auto overtaken = *w.attempt.take_tick();
    w.attempt.stage(70, "parsed", "");
    w.attempt.publish_tick(std::move(overtaken), w.hub);
    CHECK(w.seen() == 0);

    w.attempt.tick(75, "more");
    overtaken = *w.attempt.take_tick();
    w.attempt.finish({});
    w.attempt.publish_tick(std::move(overtaken), w.hub);
    CHECK(w.seen() == 0);
}
