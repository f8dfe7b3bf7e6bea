#pragma once

#include "accounts/store.hpp"
#include "datasets/store.hpp"
#include "events/event.hpp"
#include "intake/store.hpp"
#include "jobs/schedule_store.hpp"
#include "jobs/remote.hpp"
#include "jobs/store.hpp"
#include "ledger/ledger.hpp"
#include "llm/store.hpp"
#include "mapping/store.hpp"
#include "storage/detail/database.hpp"
#include "webhooks/store.hpp"

/// The interfaces that the modules ask of storage, over any backend.
namespace millrace::storage::detail {

class Ledger final : public ledger::Ledger {
public:
    explicit Ledger(Database& db) : db_{db} {}
    ledger::Committed commit(ledger::Commit commit) override { return db_.commits().commit(std::move(commit)); }
    void submit(ledger::Commit commit, OnCommitted done) override { db_.commits().submit(std::move(commit), std::move(done)); }

private:
    Database& db_;
};

class JobStore final : public jobs::JobStore {
public:
    explicit JobStore(Database& db) : db_{db} {}

    std::optional<jobs::Job> get(const Uuid& id, const Scope& scope) override;
    std::optional<jobs::Job> get(const Uuid& id) override;
    std::vector<jobs::Job> active(const Scope& scope, const jobs::ActiveWindow& window) override;
    jobs::JobPage list(const Scope& scope, const jobs::ListRequest& request) override;
    std::vector<jobs::Attempt> attempts(const Uuid& job) override;
    std::vector<jobs::Job> children(const Uuid& parent) override;
    std::vector<jobs::Need> needs(const Uuid& job) override;
    std::optional<jobs::Job> cached(const Uuid& owner, const std::string& cache_key, Instant since) override;
    std::vector<Uuid> finished_before(jobs::State state, Instant before, int limit) override;
    std::vector<jobs::Ended> oldest_ended(Instant before, int limit) override;
    std::int64_t history_bytes() override;
    std::vector<jobs::LogLine> log(const jobs::LogRequest& request) override;
    std::vector<std::pair<jobs::State, std::int64_t>> counts() override;
    std::vector<jobs::QueueCount> queue_counts() override;
    std::vector<jobs::Queue> queues() override;
    std::optional<jobs::Queue> queue(const std::string& name) override;
    std::vector<jobs::Stat> stats(Instant from, Instant until) override;
    void offer(const jobs::Worker& worker, std::shared_ptr<jobs::Seats> seats) override;
    std::vector<jobs::Claimed> claim(const jobs::Claim& claim) override;
    void look_back() override;
    std::optional<Instant> next_due() override;
    void show_progress(const std::vector<jobs::Progress>& progress) override;
    void hello(const jobs::Worker& worker) override;
    void spare_remote(const Uuid& self, Duration absence, Instant now) override;
    jobs::Beat beat(const Uuid& worker, Instant now) override;
    void goodbye(const Uuid& worker) override;
    std::vector<Uuid> hand_back_forgotten(const Uuid& worker, const std::vector<Uuid>& running, Duration age, Instant now) override;
    std::vector<jobs::Worker> workers() override;
    std::vector<jobs::Rescued> rescue(const Uuid& self, Duration expiry, bool restart, Instant now) override;
    std::vector<Uuid> expire(Instant now) override;

private:
    Database& db_;
};

class ScheduleStore final : public jobs::ScheduleStore {
public:
    explicit ScheduleStore(Database& db) : db_{db} {}
    std::optional<jobs::Schedule> get(const Uuid& id, const Scope& scope) override;
    jobs::SchedulePage list(const Scope& scope, const jobs::ScheduleListRequest& request) override;
    std::vector<jobs::Schedule> due(Instant now, int limit) override;
    std::optional<Instant> next_due(Instant now) override;

private:
    Database& db_;
};

class RemoteStore final : public jobs::RemoteStore {
public:
    explicit RemoteStore(Database& db) : db_{db} {}

    std::optional<jobs::DeclaredKind> kind(const std::string& name) override;
    std::vector<jobs::DeclaredKind> kinds() override;
    std::optional<jobs::Worker> worker(const Uuid& id) override;
    bool drain(const Uuid& worker, bool drain) override;
    jobs::RemoteClaimed claim(const jobs::Claim& claim) override;
    jobs::RemoteBeaten beat(const jobs::RemoteBeat& beat) override;
    std::vector<Uuid> beat_idle(const std::vector<Uuid>& workers, Instant now) override;
    std::vector<std::optional<jobs::State>> settle(const Uuid& worker, const std::vector<jobs::RemoteEnding>& endings,
                                                   Instant now) override;
    int leave(const Uuid& worker, Instant now) override;

private:
    Database& db_;
};

class EventStore final : public events::EventStore {
public:
    explicit EventStore(Database& db) : db_{db} {}
    std::vector<events::Event> after(std::int64_t seq, int limit) override;
    std::vector<events::Event> of_subject(const Uuid& subject, std::int64_t after, int limit) override;
    std::pair<std::int64_t, std::int64_t> bounds() override;

private:
    Database& db_;
};

class IntakeStore final : public intake::IntakeStore {
public:
    explicit IntakeStore(Database& db) : db_{db} {}
    std::optional<intake::File> get(const Uuid& id, const Scope& scope) override;
    intake::FilePage list(const Scope& scope, const intake::ListRequest& request) override;
    std::vector<intake::File> abandoned() override;
    std::optional<intake::Upload> upload(const Uuid& id, const Scope& scope) override;
    std::vector<intake::Upload> uploads_to_accept() override;
    std::vector<intake::Upload> expired_uploads(Instant now, int limit) override;
    std::optional<intake::DataSource> source(const Uuid& id, const Scope& scope) override;
    intake::SourcePage sources(const Scope& scope, const intake::ListRequest& request) override;
    std::optional<intake::Submission> submission(const Uuid& job, const Scope& scope) override;
    std::vector<intake::Submission> submissions(const Uuid& source, const Scope& scope, std::optional<Uuid> before, int limit) override;
    std::unordered_set<std::string> referenced(const std::vector<std::string>& sha256) override;

private:
    Database& db_;
};

class DatasetStore final : public datasets::DatasetStore {
public:
    explicit DatasetStore(Database& db) : db_{db} {}
    std::optional<datasets::Dataset> get(const Uuid& id, const Scope& scope) override;
    std::optional<datasets::Dataset> by_content(const Uuid& owner, const std::string& sha256, int table) override;
    int newest_version(const Uuid& owner, const std::string& sha256) override;
    std::vector<Uuid> tables(const Uuid& owner, const std::string& sha256, const Uuid& job) override;
    std::optional<datasets::Dataset> newest_of_series(const Uuid& series) override;
    datasets::DatasetPage list(const Scope& scope, const datasets::ListRequest& request) override;

private:
    Database& db_;
};

class AccountStore final : public accounts::AccountStore {
public:
    explicit AccountStore(Database& db) : db_{db} {}
    std::optional<accounts::User> user(const Uuid& id) override;
    std::optional<accounts::User> user_by_email(std::string_view email) override;
    std::vector<accounts::User> users(int limit, std::optional<Uuid> after) override;
    std::optional<accounts::Organisation> organisation(const Uuid& id) override;
    std::optional<accounts::ApiKey> api_key(const Uuid& id) override;
    std::vector<accounts::ApiKey> api_keys(const Uuid& user) override;
    std::optional<accounts::Session> session(std::string_view hash) override;
    std::optional<accounts::Ticket> take_ticket(std::string_view hash, Instant now) override;
    std::optional<accounts::Remembered> request(const Uuid& user, std::string_view key, Instant now) override;
    bool has_credentials() override;

private:
    Database& db_;
};

class LlmStore final : public llm::LlmStore {
public:
    explicit LlmStore(Database& db) : db_{db} {}
    std::optional<json::object> answer(const std::string& key) override;
    llm::Spent spent(const llm::Asker& asker, Instant now) override;
    std::vector<llm::Call> calls(const Uuid& job) override;

private:
    Database& db_;
};

class MappingStore final : public mapping::MappingStore {
public:
    explicit MappingStore(Database& db) : db_{db} {}
    std::optional<mapping::Template> get(const Uuid& id, const Scope& scope) override;
    mapping::TemplatePage list(const Scope& scope, const mapping::ListRequest& request) override;
    std::vector<mapping::TemplateVersion> versions(const Uuid& id) override;
    std::optional<json::object> spec(const Uuid& id, int version) override;
    std::optional<mapping::Template> by_fingerprint(const Uuid& owner, const std::string& fingerprint) override;
    mapping::Memory memory(const Uuid& user, const Uuid& org, const std::vector<std::string>& names) override;

private:
    Database& db_;
};

class WebhookStore final : public webhooks::WebhookStore {
public:
    explicit WebhookStore(Database& db) : db_{db} {}
    std::optional<webhooks::Webhook> get(const Uuid& id, const Scope& scope) override;
    webhooks::WebhookPage list(const Scope& scope, const webhooks::ListRequest& request) override;
    std::int64_t count(const Uuid& owner) override;
    std::vector<webhooks::Webhook> enabled(const std::vector<Uuid>& owners) override;
    bool any_enabled() override;
    std::int64_t cursor() override;
    std::optional<webhooks::Delivery> delivery(const Uuid& webhook, const Uuid& id, const Scope& scope) override;
    webhooks::DeliveryPage deliveries(const Uuid& webhook, const Scope& scope, const webhooks::ListRequest& request) override;
    std::vector<webhooks::Attempt> attempts(const Uuid& delivery) override;
    std::vector<webhooks::WaitingHost> waiting() override;
    std::vector<webhooks::Claimed> claim(const std::vector<webhooks::Claim>& claims) override;

private:
    Database& db_;
};

/// Runs `body(Session&)` as a read and returns what it returns.
template <class F>
auto reading(Database& db, F body) {
    using Out = decltype(body(std::declval<Session&>()));
    Out out{};
    db.read([&](Session& session) { out = body(session); });
    return out;
}

/// Hides what the scope does not see.
template <class T>
std::optional<T> seen_by(const Scope& scope, std::optional<T> item) {
    if (item && !scope.sees(item->owner, item->org)) item.reset();
    return item;
}

}  // namespace millrace::storage::detail
