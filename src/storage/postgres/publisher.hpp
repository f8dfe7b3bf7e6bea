#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "events/hub.hpp"
#include "observe/log.hpp"
#include "storage/postgres/connection.hpp"

namespace millrace::storage::postgres {

/// Brings events to the hub in the order of seq, ours and those of other processes. NOTIFY is a hint that makes it
/// quick; looking once per `poll` is what it rests on. The notification is sent after COMMIT from a connection of its
/// own: inside the transaction it would hold a lock of the whole cluster during the fsync.
class Publisher {
public:
    using Read = std::function<std::vector<events::Event>(std::int64_t after, int limit)>;
    /// Ticks of all processes of late.
    using ReadTicks = std::function<std::vector<events::Event>()>;

    Publisher(events::Hub& hub, ConnectionSettings connection, const detail::Statements& statements,
              const ParameterTypes& types, std::chrono::milliseconds poll, Read read, ReadTicks read_ticks, observe::Log log);
    ~Publisher();

    /// Events of a transaction of ours that has committed. `newest_before` is the newest seq that stood in the table
    /// before them: when the hub has not seen it yet, what lies between is read first.
    void committed(std::vector<events::Event> events, std::int64_t newest_before) noexcept;
    /// Events that are kept nowhere, for this process only: after what others have committed before them, so that who
    /// watches does not see progress fall, and not at all when others have told of the job since. They may be lost.
    void show(std::vector<events::Event> ticks) noexcept;
    /// Publishes what is in the table and not in the hub.
    void catch_up();
    void stop();

private:
    void catch_up(std::vector<events::Event>& ticks);
    void show_fresh(std::vector<events::Event> ticks);
    void loop(std::stop_token stop);
    void listen(std::stop_token stop);

    events::Hub& hub_;
    const ConnectionSettings connection_;
    const detail::Statements& statements_;
    const ParameterTypes& types_;
    const std::chrono::milliseconds poll_;
    const Read read_;
    const ReadTicks read_ticks_;
    const observe::Log log_;
    std::unordered_map<Uuid, Instant> shown_;  ///< the time of the last tick of a job; under `publishing_`
    std::mutex publishing_;  ///< one at a time, so that the hub sees increasing seqs
    const int wake_;         ///< eventfd: there is something to tell, or it is time to stop
    std::atomic<bool> tell_ = false;
    std::jthread thread_;
};

}  // namespace millrace::storage::postgres
