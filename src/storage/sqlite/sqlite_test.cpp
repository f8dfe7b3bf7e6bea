#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
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

/// A disk that fails when told to: the file system of SQLite with our own write and sync for the journal.
class BadDisk {
public:
    BadDisk() {
        base = sqlite3_vfs_find(nullptr);
        vfs = *base;
        vfs.zName = "bad-disk";
        vfs.xOpen = open;
        sqlite3_vfs_register(&vfs, 1);
    }
    ~BadDisk() {
        sqlite3_vfs_unregister(&vfs);
        sqlite3_vfs_register(base, 1);
        sync_fails = full = false;
    }

    static inline std::atomic<bool> sync_fails = false, full = false;

private:
    static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
        const int code = base->xOpen(base, name, file, flags, out);
        if (code != SQLITE_OK || !(flags & SQLITE_OPEN_WAL)) return code;
        real = file->pMethods;
        methods = *real;
        methods.xSync = [](sqlite3_file* f, int how) { return sync_fails ? SQLITE_IOERR_FSYNC : real->xSync(f, how); };
        methods.xWrite = [](sqlite3_file* f, const void* bytes, int count, sqlite3_int64 at) {
            return full ? SQLITE_FULL : real->xWrite(f, bytes, count, at);
        };
        file->pMethods = &methods;
        return code;
    }

    static inline sqlite3_vfs* base = nullptr;
    static inline sqlite3_vfs vfs;
    static inline const sqlite3_io_methods* real = nullptr;
    static inline sqlite3_io_methods methods;
};

Code outcome_of(storage::Storage& storage, const jobs::Job& job) {
    try {
        storage.ledger().commit(std::move(ledger::Commit{}.add(jobs::Create{job})));
    } catch (const Error& error) {
        return error.code();
    }
    return Code::usage;  // none
}

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
    CHECK(hub.last() > 1);
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

TEST_CASE("a full disk fails the commit, and the next one works when there is space again") {
    Directory directory;
    const BadDisk disk;
    events::Hub hub;
    const auto storage = storage::open_sqlite({.directory = directory.path}, hub, {});
    const auto first = some_job({}), second = some_job({});

    BadDisk::full = true;
    CHECK(outcome_of(*storage, first) == Code::storage_full);
    CHECK(hub.last() == 0);
    BadDisk::full = false;

    CHECK_FALSE(storage->jobs().get(first.id).has_value());
    CHECK(outcome_of(*storage, second) == Code::usage);
    CHECK(hub.last() == 1);
}

TEST_CASE("after a failed sync nothing is written any more, what was acknowledged stays") {
    Directory directory;
    const BadDisk disk;
    events::Hub hub;
    auto storage = storage::open_sqlite({.directory = directory.path}, hub, {});
    const auto kept = some_job({}), lost = some_job({}), refused = some_job({});
    CHECK(outcome_of(*storage, kept) == Code::usage);

    BadDisk::sync_fails = true;
    CHECK(outcome_of(*storage, lost) == Code::database_unavailable);
    BadDisk::sync_fails = false;

    // The next sync would succeed and mean nothing: the kernel may have dropped the pages that it could not write.
    CHECK(outcome_of(*storage, refused) == Code::database_unavailable);
    CHECK(storage->jobs().get(kept.id).has_value());
    CHECK(hub.last() == 1);
    storage.reset();
    storage = storage::open_sqlite({.directory = directory.path}, hub, {});
    CHECK(storage->jobs().get(kept.id).has_value());
    CHECK_FALSE(storage->jobs().get(refused.id).has_value());
    CHECK(outcome_of(*storage, refused) == Code::usage);
}
