#include "storage/storage.hpp"

#include "storage/detail/stores.hpp"
#include "storage/postgres/database.hpp"
#include "storage/sqlite/database.hpp"

namespace millrace::storage {
namespace {

class Stores final : public Storage {
public:
    Stores(std::unique_ptr<detail::Database> db, std::string_view kind) : db_{std::move(db)}, kind_{kind} {}
    ~Stores() override { close(); }

    ledger::Ledger& ledger() override { return ledger_; }
    jobs::JobStore& jobs() override { return jobs_; }
    jobs::ScheduleStore& schedules() override { return schedules_; }
    jobs::RemoteStore& remote() override { return remote_; }
    events::EventStore& events() override { return events_; }
    intake::IntakeStore& intake() override { return intake_; }
    datasets::DatasetStore& datasets() override { return datasets_; }
    accounts::AccountStore& accounts() override { return accounts_; }
    webhooks::WebhookStore& webhooks() override { return webhooks_; }
    mapping::MappingStore& mappings() override { return mappings_; }
    llm::LlmStore& llm() override { return llm_; }

    void check() override { events_.bounds(); }
    std::string_view kind() const override { return kind_; }
    void close() override { db_->close(); }

private:
    std::unique_ptr<detail::Database> db_;
    const std::string_view kind_;
    detail::Ledger ledger_{*db_};
    detail::JobStore jobs_{*db_};
    detail::ScheduleStore schedules_{*db_};
    detail::RemoteStore remote_{*db_};
    detail::EventStore events_{*db_};
    detail::IntakeStore intake_{*db_};
    detail::DatasetStore datasets_{*db_};
    detail::AccountStore accounts_{*db_};
    detail::WebhookStore webhooks_{*db_};
    detail::MappingStore mappings_{*db_};
    detail::LlmStore llm_{*db_};
};

template <class Database, class Settings>
std::unique_ptr<Storage> open(const Settings& settings, events::Hub& hub, observe::Log log, std::string_view kind) {
    detail::PayloadKeys keys{settings.payload};
    auto db = std::make_unique<Database>(settings, hub, std::move(log));
    db->shared.payload = std::move(keys);
    return std::make_unique<Stores>(std::move(db), kind);
}

}  // namespace

std::unique_ptr<Storage> open_sqlite(const SqliteSettings& settings, events::Hub& hub, observe::Log log) {
    return open<sqlite::Database>(settings, hub, std::move(log), "sqlite");
}

std::unique_ptr<Storage> open_postgres(const PostgresSettings& settings, events::Hub& hub, observe::Log log) {
    return open<postgres::Database>(settings, hub, std::move(log), "postgresql");
}

}  // namespace millrace::storage
