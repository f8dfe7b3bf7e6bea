#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "ledger/ledger.hpp"
#include "observe/log.hpp"
#include "storage/detail/tx.hpp"

namespace millrace::storage::detail {

/// The one connection of a writer. Used by its thread only. Everything may throw SqlFailure.
struct WriteConnection {
    virtual ~WriteConnection() = default;
    /// Begins a transaction, connecting first where that is needed. One that is not `durable` need not wait for the disk:
    /// a crash of the machine, not of the program, may take it back, with all that came after it.
    virtual Session& begin(bool durable) = 0;
    /// Appends the events (setting their seq) as the last thing and commits.
    virtual void commit(Told& told) = 0;
    virtual void rollback() noexcept = 0;
    /// Makes the events of a committed transaction known to this process, in the order of seq. The commit stands, so a
    /// failure is healed later and not thrown.
    virtual void publish(std::vector<events::Event> events) noexcept = 0;
    /// Shows ticks to this process; they may be lost.
    virtual void show(std::vector<events::Event> ticks) noexcept = 0;
};

/// Who applies what is to be written: a thread of the writer, so that what comes meanwhile shares the next COMMIT, or the
/// one who brings it, as tests do that want one thread.
enum class Driven { by_thread, by_callers };

/// Group commit: one thread that takes whatever has come since the last COMMIT and applies it as one transaction, so
/// one fsync serves all who wait for it. There is no timer: a lone caller waits for nobody.
/// When SQL fails, the members are redone one by one, so a bad op never fails its group.
class Writer {
public:
    /// A member other than a Commit: claims, beats and the like, which answer something.
    using Task = std::function<void(Tx&)>;

    /// `shared` outlives the writer.
    Writer(std::unique_ptr<WriteConnection> connection, Shared& shared, observe::Log log, const char* thread_name,
           Driven driven = Driven::by_thread);
    /// Applies what is queued, then ends.
    ~Writer();

    /// Blocks until durable. Throws Error{database_unavailable}, Error{storage_full}, Error{internal}.
    ledger::Committed commit(ledger::Commit commit);
    /// See ledger::Ledger::submit; `done` is called on the writer's thread.
    void submit(ledger::Commit commit, ledger::Ledger::OnCommitted done);
    /// Blocks until durable. Must be repeatable: it runs again when the group fails.
    void run(Task task);
    /// The same, but blocks until committed only.
    void run_relaxed(Task task);
    /// Refuses what comes from now on, applies what is queued.
    void close();

    static constexpr std::size_t group_max = 1000;

private:
    struct Member {
        ledger::Commit commit;
        Task task;
        bool durable = true;
        ledger::Committed committed;
        ledger::Ledger::OnCommitted done;
    };
    using Group = std::deque<std::unique_ptr<Member>>;

    void enqueue(std::unique_ptr<Member> member);
    ledger::Committed wait_for(std::unique_ptr<Member> member);
    void loop();
    void apply(Group& group);
    void transact_again_if_idle_broke(std::span<Member* const> members);
    void apply_again(std::span<Member* const> members);
    void apply_alone(Member& member);
    void transact(std::span<Member* const> members, bool hopeful);
    void apply_member(Tx& tx, Member& member);

    std::unique_ptr<WriteConnection> connection_;
    Shared& shared_;
    const std::string shard_;
    observe::Log log_;
    const Driven driven_;
    std::mutex applying_;  ///< held by the caller that drives
    std::mutex mutex_;
    std::condition_variable came_;
    Group queue_;
    bool closed_ = false;
    bool reached_commit_ = false;  ///< of the transaction under way; of the writer's thread
    std::jthread thread_;
};

/// What callers see of a failure.
Error to_error(const SqlFailure& failure);

}  // namespace millrace::storage::detail
