#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "base/deadline.hpp"
#include "base/random.hpp"
#include "jobs/detail/attempt.hpp"
#include "observe/trace.hpp"

namespace millrace::jobs::detail {

/// What an engine works with; outlives it.
struct Surroundings {
    WorkStore& store;
    ledger::Ledger& ledger;
    events::Hub& hub;
    const Clock& clock;
    const SteadyClock& steady;
    Random& random;
    observe::Tracer* tracer = nullptr;  ///< null: no spans are made
};

/// Everything an engine does, as turns that do one thing once and return: no thread, no waiting. The Engine drives
/// them from its threads, the simulator of tests/sim in an order of its own. Thread-safe; no lock is held while the
/// store is asked. A turn whose store fails says so in the log and is done again later: nothing but a crash is thrown.
class Core {
public:
    using Attempt = std::shared_ptr<RunningAttempt>;

    Core(Settings settings, std::vector<Kind> kinds, Surroundings around, observe::Log& log, Worker self);

    const Uuid& worker() const { return self_.id; }
    /// Attempts claimed and not ended.
    int running() const;

    /// Registers the worker and takes over what a predecessor left (see Engine::start). One with `slots` is listed with
    /// its kinds; one without runs nothing. Throws.
    void hello(bool restart, int slots = 0);
    void goodbye();

    /// Looks out for jobs and cancellations; `wake` is called, by whoever publishes, when a claim turn is due.
    void watch(std::function<void()> wake);
    void unwatch();

    struct Claims {
        std::vector<Attempt> attempts;  ///< each is to be run
        Duration wait{};                ///< until the next turn, unless woken before
    };
    /// Lets jobs take these slots as they come; null ends it.
    void offer(std::shared_ptr<Seats> seats);
    /// A job that was claimed for this worker, by a claim turn or on a seat: it is to be run.
    Attempt adopt(Claimed claimed);
    bool runs(const std::string& kind) const;
    /// Stops what was cancelled and claims jobs for up to `slots` more attempts.
    Claims claim_turn(int slots);

    /// Runs the handler of the job. The attempt is then to be settled and forgotten. Blocks.
    void run(RunningAttempt& attempt);
    /// Runs `piece` as the handler or as a part of it; it answers whether the handler has
    /// returned. True when the attempt is to be settled: the handler has returned, thrown, or was to stop.
    bool run_piece(RunningAttempt& attempt, const std::function<bool(Context&)>& piece);
    /// Commits the ending. Nothing when that is done, or in vain because the lease is lost; else the time until the
    /// next try.
    std::optional<Duration> settle(RunningAttempt& attempt);
    /// The same without waiting; `done` may be called on a thread of the ledger. See ledger::Ledger::submit.
    void settle_later(const Attempt& attempt, std::function<void(std::optional<Duration>)> done);
    /// Ends an attempt whose handler has not begun: it is to be settled, and its job goes back to the queue.
    void hand_back(RunningAttempt& attempt);
    /// Says how it ended, and is done with it.
    void forget(RunningAttempt& attempt);

    /// Shows the progress and the log lines of running attempts and stops those whose time is up.
    void tick_turn();
    /// Once a second at most: finds jobs that claims have passed.
    void look_back_turn();
    /// Renews the leases, and gives up the attempts when that has not worked for too long; takes back what others lost,
    /// and ends waiting jobs whose deadline has passed.
    void beat_turn();

    void stop_all(StopReason reason);

private:
    void guarded(std::string_view what, const std::function<void()>& body);
    void take_news();
    void beat();
    void hand_back_forgotten();
    void rescue(bool restart);
    void expire();
    void flush();
    void start(const Attempt& attempt);
    void stop_overdue();
    std::vector<Attempt> attempts() const;
    std::optional<Settle> ending_after(const RunningAttempt& attempt, const Error& error);
    Settle snooze(const RunningAttempt& attempt, Duration time) const;
    void fail(Settle& settle, const RunningAttempt& attempt, const Error& error);

    const Settings settings_;
    std::map<std::string, Kind> kinds_;
    std::vector<std::string> kind_names_;
    const Surroundings around_;
    observe::Log& log_;
    Worker self_;
    Deadline look_back_at_{};         ///< of the look-back turn only
    Deadline leases_good_until_{};  ///< of the beat turn only
    std::unique_ptr<events::Subscription> news_;

    mutable std::mutex mutex_;
    std::map<Uuid, Attempt> running_;  ///< guarded by mutex_
};

}  // namespace millrace::jobs::detail
