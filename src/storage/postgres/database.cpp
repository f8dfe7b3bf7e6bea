#include "storage/postgres/database.hpp"

#include <fmt/format.h>

#include "base/embedded.hpp"
#include "base/random.hpp"
#include "storage/detail/event_pack.hpp"
#include "storage/detail/migrations.hpp"
#include "storage/detail/rows.hpp"
#include "storage/postgres/publisher.hpp"

namespace millrace {
std::span<const Embedded> postgres_queries();
std::span<const Embedded> postgres_migrations();
}  // namespace millrace

namespace millrace::storage::postgres {

using detail::SqlFailure;
using detail::Statement;

void Backoff::check() const {
    if (std::chrono::steady_clock::now() < not_before_) throw SqlFailure{SqlFailure::Kind::unavailable, why_};
}

void Backoff::failed(const std::string& why) {
    why_ = why;
    // Jitter, so that servers that lost the database together do not return together.
    not_before_ = std::chrono::steady_clock::now() +
                  std::chrono::microseconds{static_cast<std::int64_t>(pause_.count() * 1000 * (0.5 + SystemRandom{}.uniform() / 2))};
    pause_ = std::clamp(pause_ * 2, std::chrono::milliseconds{50}, std::chrono::milliseconds{3000});
}

void Backoff::succeeded() { pause_ = std::chrono::milliseconds{0}; }

namespace {

constexpr int ticks_max = 5000;

void migrate(Connection& db) {
    const auto known = detail::read_migrations(postgres_migrations());
    // Servers that start together wait for each other; the lock ends with the session or here.
    db.script("SELECT pg_advisory_lock(7217441020010002)");
    db.script("CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, sha256 text NOT NULL, "
              "applied_at timestamptz NOT NULL)");
    std::map<int, std::string> applied;
    db.query("SELECT version, sha256 FROM schema_version", {},
             [&](const detail::Row& row) { applied[static_cast<int>(row.integer(0))] = row.text(1); });
    for (const auto& migration : detail::pending(known, applied)) {
        // One simple query is one transaction: all of it happens or nothing.
        db.script(fmt::format("BEGIN; {}\n; INSERT INTO schema_version VALUES ({}, '{}', now()); COMMIT", migration.sql,
                              migration.version, migration.sha256));
    }
    db.make_row_types();
    db.script("SELECT pg_advisory_unlock(7217441020010002)");
}

class PostgresWrite final : public detail::WriteConnection {
public:
    PostgresWrite(ConnectionSettings settings, const detail::Statements& statements, const ParameterTypes& types,
                  Publisher& publisher)
        : settings_{std::move(settings)}, statements_{statements}, types_{types}, publisher_{publisher} {}

    /// Which transactions wait for the disk is a setting of the connection: claims have one of their own.
    detail::Session& begin(bool) override {
        if (!db_) connect();
        db_->later_command("BEGIN");
        return *db_;
    }

    void commit(detail::Told& told) override {
        if (!told.events.empty()) {
            db_->later(Statement::events_lock, {}, {});
            db_->later(Statement::events_newest, {}, [this](const detail::Row& row) { newest_before_ = row.integer(0); });
        }
        const auto [apart, routine] = detail::split(told);
        append(apart);
        append_packed(routine);
        // In the same trip: when anything before it failed, the server skips it.
        db_->later_command("COMMIT");
        db_->flush();
    }

    void rollback() noexcept override {
        if (db_ && !db_->reset()) db_.reset();
    }

    void publish(std::vector<events::Event> events) noexcept override {
        publisher_.committed(std::move(events), newest_before_);
    }

    void show(std::vector<events::Event> ticks) noexcept override { publisher_.show(std::move(ticks)); }

private:
    void append(std::span<events::Event> events) {
        for (auto& e : events) {
            db_->later(Statement::events_append, detail::args(e.at, e.type, e.version, e.owner, e.org, e.subject, e.json()),
                       [&e](const detail::Row& row) { e.seq = row.integer(0); });
        }
    }

    void append_packed(std::span<events::Event> events) {
        for (; !events.empty(); events = events.subspan(std::min(events.size(), detail::packed_max))) {
            const auto part = events.first(std::min(events.size(), detail::packed_max));
            const auto packed = detail::pack(part);
            db_->later(Statement::events_append_packed,
                       detail::args(part[0].at, part.size(), Uuid{}, detail::Bytes{packed}), [part](const detail::Row& row) {
                           for (std::size_t i = 0; i < part.size(); ++i) {
                               part[i].seq = row.integer(0) - static_cast<std::int64_t>(part.size() - 1 - i);
                           }
                       });
        }
    }

    void connect() {
        backoff_.check();
        try {
            auto db = std::make_unique<Connection>(settings_, statements_, types_);
            skip_events(*db);
            db_ = std::move(db);
            backoff_.succeeded();
        } catch (const SqlFailure& failure) {
            backoff_.failed(failure.what());
            throw;
        }
    }

    /// Claims are committed without waiting for the disk, so a crash of the database may take back the last of them
    /// together with the numbers of their events, which clients have seen already. A jump keeps a number from being
    /// given twice. Only in a table with events: a new one starts at 1.
    static void skip_events(Connection& db) {
        db.later_command("BEGIN");
        db.later(Statement::events_lock, {}, {});
        db.query("SELECT setval(pg_get_serial_sequence('event', 'seq'), nextval(pg_get_serial_sequence('event', 'seq')) + 1000) "
                 "WHERE EXISTS (SELECT 1 FROM event)", {}, {});
        db.later_command("COMMIT");
        db.flush();
    }

    const ConnectionSettings settings_;
    const detail::Statements& statements_;
    const ParameterTypes& types_;
    Publisher& publisher_;
    std::unique_ptr<Connection> db_;
    Backoff backoff_;
    std::int64_t newest_before_ = 0;
};

}  // namespace

Database::Database(const PostgresSettings& settings, events::Hub& hub, observe::Log log)
    : settings_{settings}, statements_{detail::read_statements(postgres_queries())}, readers_left_{std::max(1, settings.readers)} {
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(settings.read_timeout).count();
    const ConnectionSettings plain{settings.url, settings.connect_timeout, ""};
    reading_ = plain;
    reading_.setup = fmt::format("SET default_transaction_read_only = on; SET statement_timeout = {}", millis);
    ConnectionSettings writing = plain;
    writing.setup = "SET statement_timeout = '30s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'";
    ConnectionSettings claiming = writing;
    // A claim that a crash of the database takes back only means that the job runs again; what ends it is fsynced.
    claiming.setup += "; SET synchronous_commit = off";
    try {
        Connection first{plain, statements_, types_};
        migrate(first);
        types_ = first.describe_all();
        first.run(Statement::events_bounds, {}, [&](const detail::Row& row) { hub.start_after(row.integer(1)); });
    } catch (const SqlFailure& failure) {
        throw detail::to_error(failure);
    }
    const auto read_events = [this](std::int64_t after, int limit) {
        std::vector<events::Event> out;
        read([&](detail::Session& s) {
            out = detail::events_after(s, after, limit);
            note_places(s, out);
        });
        return out;
    };
    const auto read_ticks = [this] {
        std::vector<events::Event> out;
        read([&](detail::Session& s) {
            s.run(Statement::progress_newest, detail::args(Duration{std::chrono::seconds{2}}.count(), ticks_max),
                  [&](const detail::Row& row) { out.push_back(detail::job_event("job.progress", detail::read_job(row))); });
        });
        return out;
    };
    ConnectionSettings listening = plain;
    listening.setup = "SET synchronous_commit = off";
    publisher_ = std::make_unique<Publisher>(hub, listening, statements_, types_,
                                             std::chrono::ceil<std::chrono::milliseconds>(settings.poll), read_events, read_ticks, log);
    commits_ = std::make_unique<detail::Writer>(
        std::make_unique<PostgresWrite>(writing, statements_, types_, *publisher_), shared, log, "pg-commits");
    claims_ = std::make_unique<detail::Writer>(
        std::make_unique<PostgresWrite>(claiming, statements_, types_, *publisher_), shared, log, "pg-claims");
}

/// Jobs that other processes have queued may stand before the place where our claims go on.
void Database::note_places(detail::Session& session, const std::vector<events::Event>& events) {
    if (shared.cursors.lines().empty()) return;
    for (const auto& event : events) {
        if (event.type != "job.queued") continue;
        session.later(Statement::turns_places, detail::args(event.subject), [this](const detail::Row& row) {
            shared.cursors.came(std::string{row.text(0)}, {-row.integer(1), row.integer(2), row.uuid(3)});
        });
    }
    session.flush();
}

Database::~Database() { close(); }

void Database::close() {
    commits_->close();
    claims_->close();
    publisher_->stop();
}

bool Database::may_rescue(Duration expiry) {
    // After the database was away every worker looks silent. Its age says so to all processes alike; half an expiry is
    // longer than a beat.
    bool settled = false;
    read([&](detail::Session& s) {
        s.query("SELECT clock_timestamp() - pg_postmaster_start_time() > $1 * interval '1 microsecond'",
                detail::args(expiry.count() / 2), [&](const detail::Row& row) { settled = row.integer(0) != 0; });
    });
    return settled;
}

std::unique_ptr<Connection> Database::take(bool fresh) {
    {
        std::unique_lock lock{mutex_};
        returned_.wait(lock, [&] { return !idle_.empty() || readers_left_ > 0; });
        if (fresh) {
            // One was broken; the others that stand idle were broken by the same thing.
            readers_left_ += static_cast<int>(idle_.size());
            idle_.clear();
        }
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            return connection;
        }
        backoff_.check();
        --readers_left_;
    }
    try {
        auto connection = std::make_unique<Connection>(reading_, statements_, types_);
        const std::lock_guard lock{mutex_};
        backoff_.succeeded();
        return connection;
    } catch (const SqlFailure& failure) {
        const std::lock_guard lock{mutex_};
        ++readers_left_;
        backoff_.failed(failure.what());
        returned_.notify_one();
        throw;
    }
}

void Database::give_back(std::unique_ptr<Connection> connection) {
    const bool good = connection->reset();
    const std::lock_guard lock{mutex_};
    if (good) idle_.push_back(std::move(connection));
    else ++readers_left_;
    returned_.notify_one();
}

void Database::read(const std::function<void(detail::Session&)>& body) {
    for (int tries = 1;; ++tries) {
        std::unique_ptr<Connection> connection;
        try {
            connection = take(tries > 1);
            body(*connection);
            give_back(std::move(connection));
            return;
        } catch (const SqlFailure& failure) {
            const bool broken = connection && connection->is_broken();
            if (connection) give_back(std::move(connection));
            if (!broken || tries > 1) throw detail::to_error(failure);
        } catch (...) {
            if (connection) give_back(std::move(connection));
            throw;
        }
    }
}

}  // namespace millrace::storage::postgres
