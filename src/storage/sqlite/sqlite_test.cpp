#include <doctest/doctest.h>

#include <filesystem>

#include "jobs/ops.hpp"
#include "storage/storage.hpp"

using namespace millrace;

namespace {

struct Directory {
    std::string path = [] {
        std::string pattern = (std::filesystem::temp_directory_path() / "millrace-sqlite-XXXXXX").string();
        return std::string{::mkdtemp(pattern.data())};
    }();
    ~Directory() { std::filesystem::remove_all(path); }
};

jobs::Job some_job(Instant now) {
    jobs::Job job;
    job.id = Uuid::generate();
    job.kind = "import";
    job.owner = Uuid::generate();
    job.org = Uuid::generate();
    job.created_at = job.updated_at = job.run_at = now;
    return job;
}

}  // namespace

// What both databases do alike stands in tests/conformance; here is what only a file has.

TEST_CASE("a job survives closing and opening the file, and its events come after those before") {
    Directory directory;
    const Instant now = SystemClock{}.now();
    const auto first = some_job(now), second = some_job(now);
    {
        events::Hub hub;
        const auto storage = storage::open_sqlite({.directory = directory.path}, hub, {});
        CHECK(storage->ledger().commit(std::move(ledger::Commit{}.add(jobs::Create{first}))));
        CHECK(hub.last() == 1);
    }

    events::Hub hub;
    const auto storage = storage::open_sqlite({.directory = directory.path}, hub, {});

    CHECK(hub.last() == 1);
    CHECK(storage->jobs().get(first.id)->state == jobs::State::queued);
    CHECK(storage->ledger().commit(std::move(ledger::Commit{}.add(jobs::Create{second}))));
    CHECK(hub.last() == 2);
}

TEST_CASE("a closed storage refuses commits and still ends") {
    Directory directory;
    events::Hub hub;
    const auto storage = storage::open_sqlite({.directory = directory.path}, hub, {});

    storage->close();

    CHECK_THROWS_AS(storage->ledger().commit(std::move(ledger::Commit{}.add(jobs::Create{some_job({})}))), Error);
    storage->close();
}

TEST_CASE("a directory that cannot be made is reported as an unavailable database") {
    events::Hub hub;

    try {
        storage::open_sqlite({.directory = "/dev/null/data"}, hub, {});
        FAIL("opened");
    } catch (const Error& error) {
        CHECK(error.code() == Code::database_unavailable);
    }
}
