#pragma once

#include <atomic>
#include <mutex>

#include "base/deadline.hpp"
#include "jobs/detail/log_buffer.hpp"
#include "jobs/engine.hpp"

namespace millrace::jobs::detail {

/// Thrown by snooze. No std::exception, so that job code which catches those lets it pass.
struct Snoozed {
    Duration time{};
};

enum class StopReason { none, cancelled, released, timeout, deadline, lost };

/// One attempt while it runs: what the handler sees as its Context, and what the engine needs to stop and settle it.
class RunningAttempt final : public Context {
public:
    RunningAttempt(Claimed claimed, ledger::Ledger& ledger, const Clock& clock);

    /// From `now` on the attempt may take this long.
    void limit(Duration timeout, Deadline now) {
        timeout_ = timeout;
        timeout_at_ = now + timeout;
    }
    Duration timeout() const { return timeout_; }
    void claimed(Deadline at) { claimed_at_ = at; }
    Deadline claimed_at() const { return claimed_at_; }
    /// Stops it when its own time or that of its job is up.
    void stop_when_overdue(Deadline steady_now, Instant now);

    const Job& job() const override { return job_; }
    std::stop_token stop() const override { return stop_.get_token(); }
    void check() const override;
    void stage(int progress, std::string_view stage, std::string_view message) override;
    void tick(int progress, std::string_view message) override;
    void log(observe::Level level, std::string_view text) override;
    ledger::Committed finish(Finish finish) override;
    ledger::Committed await_children(Finish finish) override;
    [[noreturn]] void snooze(Duration time) override;
    const json::value& checkpoint() const override { return job_.checkpoint; }
    void save_checkpoint(json::value value) override;

    void stop(StopReason reason);
    StopReason stop_reason() const;
    bool finished() const { return settled_ != State::running; }
    State settled_as() const { return settled_; }
    Instant started() const { return started_; }
    /// The stages so far and when each began; the first 100.
    std::vector<std::pair<std::string, Instant>> stages() const;
    /// Why it did not complete; empty when it did.
    std::string error_code() const;
    /// How the attempt is to end when it has not finished; nothing when there is nothing left to commit.
    void end_with(std::optional<Settle> ending) { ending_ = std::move(ending); }
    /// As a success without effects.
    void end_completed();
    /// Commits that ending. Nothing when it is done, or in vain; else, while the database is away, the time until the
    /// next try.
    std::optional<Duration> settle(observe::Log& log);
    /// The same without waiting: `done` gets what `settle` would return, perhaps on a thread of the ledger. The attempt
    /// lives until then.
    void settle_later(observe::Log& log, std::function<void(std::optional<Duration>)> done);

    /// The newest tick since the last call. Called by the engine's ticker thread.
    std::optional<Progress> take_progress();

    /// Something that happened to the job, without its data.
    events::Event news(std::string_view type) const;
    /// Log lines to be committed with the ticks; nothing when there are none.
    std::optional<AppendLog> pending_log() const;
    void log_committed(Instant last);

private:
    static constexpr std::size_t stages_max = 100;
    ledger::Committed settle_with(Settle settle, Finish finish);
    static constexpr std::chrono::milliseconds settle_pause_min{50}, settle_pause_max{2000};

    void add_last_lines(ledger::Commit& commit);
    ledger::Commit ending_commit();
    std::optional<Duration> after_ending(ledger::Committed committed, std::exception_ptr failed, observe::Log& log);

    const Lease lease_;
    ledger::Ledger& ledger_;
    const Clock& clock_;
    const Instant started_;
    Deadline claimed_at_{};
    Duration timeout_{};
    std::optional<Deadline> timeout_at_;
    std::stop_source stop_;
    Job job_;  ///< changed by the handler's thread only
    std::atomic<State> settled_ = State::running;
    std::optional<Settle> ending_;  ///< of the handler's thread only, as is what follows
    std::chrono::milliseconds pause_ = settle_pause_min;

    mutable std::mutex mutex_;  ///< guards what follows
    StopReason reason_ = StopReason::none;
    bool ticked_ = false;
    int shown_ = 0;  ///< progress committed or about to be
    std::string stage_;
    std::string message_;
    std::vector<std::pair<std::string, Instant>> stages_;
    LogBuffer log_;
};

}  // namespace millrace::jobs::detail
