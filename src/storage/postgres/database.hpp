#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "events/hub.hpp"
#include "storage/detail/database.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/storage.hpp"

namespace millrace::storage::postgres {

class Publisher;

/// When a connection may be tried again: at once after the first failure, then ever later, so that a server that comes
/// back is not met by a storm.
class Backoff {
public:
    /// Throws SqlFailure{unavailable} while it is too early.
    void check() const;
    void failed(const std::string& why);
    void succeeded();

private:
    std::chrono::steady_clock::time_point not_before_{};
    std::chrono::milliseconds pause_{0};
    std::string why_;
};

/// A server of PostgreSQL: a writer for commits, one for claims, connections for reading, and one that tells other
/// processes of our events and hears of theirs.
class Database final : public detail::Database {
public:
    Database(const PostgresSettings& settings, events::Hub& hub, observe::Log log);
    ~Database() override;

    detail::Dialect dialect() const override { return detail::Dialect::postgres; }
    void read(const std::function<void(detail::Session&)>& body) override;
    detail::Writer& commits() override { return *commits_; }
    detail::Writer& claims() override { return *claims_; }
    bool may_rescue(Duration expiry) override;
    void close() override;

private:
    std::unique_ptr<Connection> take(bool fresh);
    void give_back(std::unique_ptr<Connection> connection);
    void note_places(detail::Session& session, const std::vector<events::Event>& events);

    const PostgresSettings settings_;
    const detail::Statements statements_;
    ParameterTypes types_;
    ConnectionSettings reading_;
    std::unique_ptr<Publisher> publisher_;
    std::unique_ptr<detail::Writer> commits_;
    std::unique_ptr<detail::Writer> claims_;

    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<Connection>> idle_;
    int readers_left_ = 0;
    Backoff backoff_;
};

}  // namespace millrace::storage::postgres
