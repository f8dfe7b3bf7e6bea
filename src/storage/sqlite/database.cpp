#include "storage/sqlite/database.hpp"

#include <fmt/format.h>

#include "base/embedded.hpp"
#include "storage/detail/event_pack.hpp"
#include "storage/detail/migrations.hpp"

namespace millrace {
std::span<const Embedded> sqlite_queries();
std::span<const Embedded> sqlite_migrations();
}  // namespace millrace

namespace millrace::storage::sqlite {

using detail::SqlFailure;
using detail::Statement;

namespace {

void migrate(Connection& db) {
    const auto known = detail::read_migrations(sqlite_migrations());
    db.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, "
        "applied_at INTEGER NOT NULL) STRICT");
    std::map<int, std::string> applied;
    db.query("SELECT version, sha256 FROM schema_version", {},
             [&](const detail::Row& row) { applied[static_cast<int>(row.integer(0))] = row.text(1); });
    for (const auto& migration : detail::pending(known, applied)) {
        db.execute("BEGIN EXCLUSIVE");
        try {
            db.execute(migration.sql);
            db.query("INSERT INTO schema_version VALUES (?1, ?2, ?3)",
                     detail::args(migration.version, migration.sha256, SystemClock{}.now()), {});
            db.execute("COMMIT");
        } catch (...) {
            if (db.in_transaction()) db.execute("ROLLBACK");
            throw;
        }
    }
}

class SqliteWrite final : public detail::WriteConnection {
public:
    SqliteWrite(const std::filesystem::path& file, Durability durability, const detail::Statements& statements,
                events::Hub& hub)
        : db_{file, Mode::write, statements}, hub_{hub} {
        // Set before the first transaction: these stand in the file or hold for this connection.
        if (db_.value("PRAGMA journal_mode = WAL") != "wal") {
            throw SqlFailure{SqlFailure::Kind::unavailable, "the file system does not support the journal of SQLite"};
        }
        full_ = durability == Durability::full;
        synchronise(full_);
        db_.execute("PRAGMA wal_autocheckpoint = 4000");
        db_.execute("PRAGMA journal_size_limit = 67108864");
        db_.execute("PRAGMA cache_size = -65536");
        migrate(db_);
        check_statements();
        // What was committed without waiting for the disk may be gone together with the numbers of its events, which
        // clients have seen already. A jump keeps a number from being given twice. A new table starts at 1.
        db_.execute("UPDATE sqlite_sequence SET seq = seq + 1000 WHERE name = 'event'");
        db_.run(Statement::events_bounds, {}, [&](const detail::Row& row) { hub_.start_after(row.integer(1)); });
    }

    detail::Session& begin(bool durable) override {
        if (broken_) {
            throw SqlFailure{SqlFailure::Kind::unavailable, "a sync of the disk has failed; restart after looking at the disk"};
        }
        synchronise(full_ && durable);
        db_.execute("BEGIN IMMEDIATE");
        return db_;
    }

    void commit(detail::Told& told) override {
        const auto [apart, routine] = detail::split(told);
        append(apart);
        append_packed(routine);
        try {
            db_.execute("COMMIT");
        } catch (const SqlFailure& failure) {
            // After a failed fsync the kernel may call the lost pages clean, and the next fsync would succeed.
            broken_ = broken_ || failure.fsync_failed;
            throw;
        }
    }

    void rollback() noexcept override {
        if (!db_.in_transaction()) return;
        try {
            db_.execute("ROLLBACK");
        } catch (const SqlFailure&) {
            broken_ = true;
        }
    }

    void publish(std::vector<events::Event> events) noexcept override { hub_.publish(std::move(events)); }
    void show(std::vector<events::Event> ticks) noexcept override { hub_.publish(std::move(ticks)); }

private:
    void append(std::span<events::Event> events) {
        for (auto& e : events) {
            db_.run(Statement::events_append, detail::args(e.at, e.type, e.version, e.owner, e.org, e.subject, e.json()), {});
            e.seq = db_.last_insert();
        }
    }

    void append_packed(std::span<events::Event> events) {
        for (; !events.empty(); events = events.subspan(std::min(events.size(), detail::packed_max))) {
            const auto part = events.first(std::min(events.size(), detail::packed_max));
            const auto packed = detail::pack(part);
            db_.run(Statement::events_append_packed, detail::args(part[0].at, part.size(), Uuid{}, detail::Bytes{packed}), {});
            for (std::size_t i = 0; i < part.size(); ++i) {
                part[i].seq = db_.last_insert() - static_cast<std::int64_t>(part.size() - 1 - i);
            }
        }
    }

    /// Whether a commit waits for the disk. The log is one file: what is synchronised later covers what came before.
    void synchronise(bool full) {
        if (synchronous_ == full) return;
        db_.execute(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        synchronous_ = full;
    }

    /// Every statement is compiled against the schema, so that a mistake shows at the start and not at its first use.
    void check_statements() {
        for (std::size_t i = 0; i < detail::statement_count; ++i) {
            db_.query(fmt::format("EXPLAIN {}", db_.text(static_cast<Statement>(i))), {}, {});
        }
    }

    Connection db_;
    events::Hub& hub_;
    bool broken_ = false;
    bool full_ = true;
    std::optional<bool> synchronous_;
};

template <class F>
auto as_error(F body) {
    try {
        return body();
    } catch (const SqlFailure& failure) {
        throw detail::to_error(failure);
    }
}

}  // namespace

Database::Database(const SqliteSettings& settings, events::Hub& hub, observe::Log log, detail::Driven driven)
    : file_{std::filesystem::path{settings.directory} / "millrace.db"},
      statements_{detail::read_statements(sqlite_queries())},
      readers_left_{std::max(1, settings.readers)} {
    std::error_code failed;
    std::filesystem::create_directories(settings.directory, failed);
    if (failed) throw Error{Code::database_unavailable, {{"why", settings.directory + ": " + failed.message()}}};
    auto connection = as_error([&] { return std::make_unique<SqliteWrite>(file_, settings.durability, statements_, hub); });
    writer_ = std::make_unique<detail::Writer>(std::move(connection), shared, std::move(log), "sqlite", driven);
}

Database::~Database() { close(); }

void Database::close() { writer_->close(); }

void Database::read(const std::function<void(detail::Session&)>& body) {
    std::unique_ptr<Connection> db;
    {
        std::unique_lock lock{mutex_};
        returned_.wait(lock, [&] { return !idle_.empty() || readers_left_ > 0; });
        if (idle_.empty()) {
            --readers_left_;
        } else {
            db = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    const auto give_back = [&](bool good) {
        const std::lock_guard lock{mutex_};
        if (good) idle_.push_back(std::move(db));
        else ++readers_left_;
        returned_.notify_one();
    };
    bool good = false;
    try {
        as_error([&] {
            if (!db) db = std::make_unique<Connection>(file_, Mode::read, statements_);
            good = true;
            body(*db);
        });
    } catch (...) {
        give_back(good);
        throw;
    }
    give_back(true);
}

}  // namespace millrace::storage::sqlite
