#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "accounts/store.hpp"
#include "base/clock.hpp"
#include "base/describe.hpp"
#include "datasets/store.hpp"
#include "events/hub.hpp"
#include "intake/store.hpp"
#include "jobs/schedule_store.hpp"
#include "jobs/remote.hpp"
#include "jobs/store.hpp"
#include "ledger/ledger.hpp"
#include "llm/store.hpp"
#include "mapping/store.hpp"
#include "observe/log.hpp"
#include "storage/payload.hpp"
#include "webhooks/store.hpp"

namespace millrace::storage {

/// `full`: an acknowledged commit survives loss of power. `normal`: it survives the death of the process, and loss of
/// power may take the last moments (never consistency).
BOOST_DEFINE_ENUM_CLASS(Durability, full, normal)

struct SqliteSettings {
    std::string directory;  ///< holds millrace.db; made when missing. The caller holds its lock file.
    Durability durability = Durability::full;
    int readers = 4;        ///< connections for reading
    PayloadSettings payload;
};
BOOST_DESCRIBE_STRUCT(SqliteSettings, (), (directory, durability, readers, payload))

struct PostgresSettings {
    std::string url;             ///< postgresql://user:password@host:port/database?options
    int readers = 4;             ///< connections for reading; three more are for commits, claims and notifications
    Duration poll = 1s;          ///< how late events of other processes may come when notifications fail
    Duration read_timeout = 30s; ///< of one reading statement
    Duration connect_timeout = 5s;
    PayloadSettings payload;
};
BOOST_DESCRIBE_STRUCT(PostgresSettings, (), (url, readers, poll, read_timeout, connect_timeout, payload))

/// A database with everything in it. All parts are thread-safe, block, and throw Error{database_unavailable} when the
/// database cannot be reached.
class Storage {
public:
    virtual ~Storage() = default;

    virtual ledger::Ledger& ledger() = 0;
    virtual jobs::JobStore& jobs() = 0;
    virtual jobs::ScheduleStore& schedules() = 0;
    virtual jobs::RemoteStore& remote() = 0;
    virtual events::EventStore& events() = 0;
    virtual intake::IntakeStore& intake() = 0;
    virtual datasets::DatasetStore& datasets() = 0;
    virtual accounts::AccountStore& accounts() = 0;
    virtual webhooks::WebhookStore& webhooks() = 0;
    virtual mapping::MappingStore& mappings() = 0;
    virtual llm::LlmStore& llm() = 0;

    /// Asks the database something, for readiness. Throws Error{database_unavailable} with why.
    virtual void check() = 0;
    /// "sqlite" or "postgresql", for the log and doctor.
    virtual std::string_view kind() const = 0;
    /// Applies what is under way and refuses everything after it. The destructor does it too.
    virtual void close() = 0;
};

/// Opens or makes the database and brings its schema up to date; what is committed from now on is published to the hub,
/// which starts after the newest event there is. The hub outlives the Storage.
/// Throws Error{schema_newer}, Error{schema_changed}, Error{database_unavailable}, Error{invalid_config} (keys that are none).
std::unique_ptr<Storage> open_sqlite(const SqliteSettings& settings, events::Hub& hub, observe::Log log);
std::unique_ptr<Storage> open_postgres(const PostgresSettings& settings, events::Hub& hub, observe::Log log);

}  // namespace millrace::storage
