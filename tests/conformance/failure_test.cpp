#include <thread>

#include "bench.hpp"
#include "support/postgres.hpp"

/// What happens when the database goes away.
namespace millrace::test {
namespace {

Code code_of(const std::function<void()>& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.code();
    }
    return Code::usage;
}

void create(storage::Storage& storage, const Job& job) {
    storage.ledger().commit(std::move(Commit{}.add(jobs::Create{job})));
}

/// Until it does not throw, or half a minute has passed.
bool comes_back(const std::function<void()>& body) {
    for (const auto deadline = std::chrono::steady_clock::now() + 30s; std::chrono::steady_clock::now() < deadline;) {
        if (code_of(body) == Code::usage) return true;
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

}  // namespace

ON_BOTH("what was committed is there after a restart, and the stream goes on after it") {
    const Job first = bench.create();
    const auto last = bench.hub.last();
    bench.reopen();

    CHECK(bench.hub.last() == last);
    const Job second = bench.create();

    CHECK(bench.get(first.id).state == State::queued);
    CHECK(bench.hub.last() > last);
    const auto events = bench.storage().events().after(last, 10);
    REQUIRE(events.size() == 1);
    CHECK(events[0].subject == second.id);
}

ON_BOTH("a closed storage refuses") {
    bench.storage().close();

    CHECK(code_of([&] { bench.ledger().commit(Commit{}); }) == Code::database_unavailable);
    CHECK(code_of([&] { bench.jobs().beat(bench.worker.id, bench.now); }) == Code::database_unavailable);
}

TEST_CASE("postgres: connections that were cut while idle are made again without a failure") {
    Bench bench{Backend::postgres};
    for (int round = 0; round < 3; ++round) {
        bench.create();
        bench.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace' AND datname = current_database()");

        CHECK(bench.jobs().active(bench.scope, {bench.now, bench.now}).size() == static_cast<std::size_t>(round) + 1);
        CHECK(code_of([&] { bench.jobs().hello(bench.worker); }) == Code::usage);
    }
    CHECK(bench.hub.last() == bench.storage().events().bounds().second);
}

TEST_CASE("postgres: a server that goes away is reported, and found again when it is back") {
    PgServer server{true};
    const auto url = server.create_database("t");
    events::Hub hub;
    Bench names{Backend::sqlite};  // makes jobs
    const Job before = names.new_job(), during = names.new_job(), after = names.new_job();
    const auto storage = storage::open_postgres({.url = url, .poll = 50ms}, hub, {});
    create(*storage, before);
    storage->jobs().hello(names.worker);
    const Uuid silent = Uuid::generate();
    storage->jobs().hello({silent, "gone", 1, "worker", names.now, names.now});

    server.stop_at_once();
    CHECK(code_of([&] { create(*storage, during); }) == Code::database_unavailable);
    CHECK(code_of([&] { storage->jobs().get(before.id); }) == Code::database_unavailable);
    CHECK(code_of([&] { storage->check(); }) == Code::database_unavailable);
    server.start();

    CHECK(comes_back([&] { create(*storage, after); }));
    CHECK(comes_back([&] { storage->check(); }));
    CHECK(storage->jobs().get(before.id).has_value());
    CHECK_FALSE(storage->jobs().get(during.id).has_value());
    // Everybody looks silent now; nobody is given up before they had time to beat.
    CHECK(storage->jobs().rescue(names.worker.id, 30s, false, names.now).empty());
    CHECK(storage->jobs().workers().size() == 2);
    CHECK(comes_back([&] {
        if (hub.last() != storage->events().bounds().second) throw Error{Code::unavailable};
    }));
    // A number that a client may have seen is not given to another event.
    CHECK(hub.last() > 1000);
}

TEST_CASE("postgres: a server that cannot be reached is reported at once") {
    events::Hub hub;
    CHECK(code_of([&] { storage::open_postgres({.url = "postgresql://nobody@127.0.0.1:1/x"}, hub, {}); }) == Code::database_unavailable);
    CHECK(code_of([&] { storage::open_postgres({.url = "no url"}, hub, {}); }) == Code::database_unavailable);
}

}  // namespace millrace::test
