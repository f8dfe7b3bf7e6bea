#pragma once

#include <condition_variable>
#include <mutex>

#include "events/hub.hpp"
#include "storage/detail/database.hpp"
#include "storage/sqlite/connection.hpp"
#include "storage/storage.hpp"

namespace millrace::storage::sqlite {

/// A file with one writer thread and several readers.
class Database final : public detail::Database {
public:
    Database(const SqliteSettings& settings, events::Hub& hub, observe::Log log,
             detail::Driven driven = detail::Driven::by_thread);
    ~Database() override;

    detail::Dialect dialect() const override { return detail::Dialect::sqlite; }
    void read(const std::function<void(detail::Session&)>& body) override;
    detail::Writer& commits() override { return *writer_; }
    /// The same: a claim shares the fsync of the commits that it waits with.
    detail::Writer& claims() override { return *writer_; }
    bool may_rescue(Duration) override { return true; }
    void close() override;

private:
    const std::filesystem::path file_;
    const detail::Statements statements_;
    std::unique_ptr<detail::Writer> writer_;

    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<Connection>> idle_;
    int readers_left_ = 0;  ///< that may still be opened
};

}  // namespace millrace::storage::sqlite
