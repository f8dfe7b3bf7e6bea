#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "accounts/ops.hpp"
#include "base/random.hpp"
#include "datasets/ops.hpp"
#include "intake/ops.hpp"
#include "jobs/ops.hpp"
#include "jobs/view.hpp"
#include "storage/storage.hpp"
#include "webhooks/ops.hpp"
#include "webhooks/payload.hpp"

/// Both databases under the same tests. A test is written once and stands twice in the list:
///
///     ON_BOTH("a job that is created can be read") { ... bench.storage() ... }
namespace millrace::test {

using jobs::Job;
using jobs::State;
using ledger::Commit;
using ledger::Outcome;

enum class Backend { sqlite, postgres };

/// A fresh database and what a test needs around it.
class Bench {
public:
    explicit Bench(Backend backend);
    ~Bench();

    const Backend backend;
    events::Hub hub;
    storage::Storage& storage() { return *storage_; }
    ledger::Ledger& ledger() { return storage_->ledger(); }
    jobs::JobStore& jobs() { return storage_->jobs(); }
    /// Another server on the same database (PostgreSQL), or another caller of the same one (SQLite has one process).
    storage::Storage& second();
    /// Closes and opens again, as a restart does. The hub keeps what it has.
    void reopen();
    /// Opens again with these keys.
    void encrypt(storage::PayloadSettings keys);
    std::unique_ptr<storage::Storage> open(events::Hub& other_hub);
    /// SQL behind the program's back; the first column of the first row.
    std::string sql(const std::string& text);
    /// All rows of all tables but schema_version, as text; to compare.
    std::string dump();
    /// All rows of a statement, columns separated by '|'.
    std::vector<std::string> rows(const std::string& text);
    const std::string& place() const { return place_; }  ///< directory or URL

    /// Time of the test. PostgreSQL goes by its own clock where leases are concerned, so this one starts at the real time.
    Instant now = SystemClock{}.now();
    Instant later(Duration by) { return now += by; }

    Scope scope{Uuid::generate(), Uuid::generate(), Role::user, Scope::Reach::own};
    jobs::Worker worker{Uuid::generate(), "host-a", 7, "all", now, now};

    Job new_job(std::string kind = "import", State state = State::queued);
    /// Creates it and returns it.
    Job create(std::string kind = "import", State state = State::queued);
    Job create(Job job);
    /// Says hello when needed and claims one job of any kind used here.
    std::optional<jobs::Claimed> claim_one(const jobs::Worker& by);
    std::optional<jobs::Claimed> claim_one() { return claim_one(worker); }
    Outcome commit(Commit commit) { return ledger().commit(std::move(commit)).outcome; }
    Outcome settle(const jobs::Lease& lease, State state, std::string error_code = "");
    Job get(const Uuid& id) { return jobs().get(id).value(); }
    /// Types of the durable events so far.
    std::vector<std::string> event_types();
    std::vector<events::Event> all_events();

private:
    std::string place_;
    storage::PayloadSettings payload_;
    std::unique_ptr<storage::Storage> storage_;
    events::Hub second_hub_;
    std::unique_ptr<storage::Storage> second_;
};

inline constexpr const char* kinds_used[] = {"import", "export", "other"};

/// Everything of a job as text, to compare.
std::string describe(const Job& job);

/// Runs the bodies at the same time, each on a thread of its own, and waits for all.
void together(std::vector<std::function<void()>> bodies);

}  // namespace millrace::test

#define MILLRACE_JOIN2(a, b) a##b
#define MILLRACE_JOIN(a, b) MILLRACE_JOIN2(a, b)
#define MILLRACE_BOTH(function, name)                              \
    static void function(millrace::test::Bench& bench);            \
    TEST_CASE("sqlite: " name) {                                   \
        millrace::test::Bench bench{millrace::test::Backend::sqlite};     \
        function(bench);                                           \
    }                                                              \
    TEST_CASE("postgres: " name) {                                 \
        millrace::test::Bench bench{millrace::test::Backend::postgres};   \
        function(bench);                                           \
    }                                                              \
    static void function(millrace::test::Bench& bench)
#define ON_BOTH(name) MILLRACE_BOTH(MILLRACE_JOIN(both_, __COUNTER__), name)
