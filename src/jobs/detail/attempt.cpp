#include "jobs/detail/attempt.hpp"

#include <algorithm>
#include <utility>

#include "jobs/event_data.hpp"

namespace millrace::jobs::detail {

RunningAttempt::RunningAttempt(Claimed claimed, ledger::Ledger& ledger, const Clock& clock)
    : lease_{claimed.lease},
      ledger_{ledger},
      clock_{clock},
      started_{clock.now()},
      job_{std::move(claimed.job)},
      shown_{job_.progress},
      stage_{job_.stage},
      message_{job_.message} {}

void RunningAttempt::stop(StopReason reason) {
    {
        const std::lock_guard lock{mutex_};
        // A lost lease overrides everything; otherwise the first reason stands.
        if (reason_ == StopReason::none || reason == StopReason::lost) reason_ = reason;
    }
    stop_.request_stop();
}

void RunningAttempt::stop_when_overdue(Deadline steady_now, Instant now) {
    if (job_.deadline && now >= *job_.deadline) stop(StopReason::deadline);
    else if (timeout_at_ && steady_now >= *timeout_at_) stop(StopReason::timeout);
}

StopReason RunningAttempt::stop_reason() const {
    const std::lock_guard lock{mutex_};
    return reason_;
}

void RunningAttempt::check() const {
    if (stop_.stop_requested()) throw Error{Code::cancelled};
}

void RunningAttempt::stage(int progress, std::string_view stage, std::string_view message) {
    check();
    {
        const std::lock_guard lock{mutex_};
        shown_ = std::max(shown_, std::clamp(progress, 0, 99));
        stage_ = stage;
        message_ = message;
        ticked_ = false;
        if (stages_.size() < stages_max) stages_.emplace_back(stage, clock_.now());
    }
    const auto done = ledger_.commit(std::move(ledger::Commit{}.guard(Fence{lease_}).add(
        Stage{job_.id, shown_, std::string{stage}, std::string{message}, clock_.now()})));
    if (!done) throw Error{Code::lease_lost};
}

void RunningAttempt::tick(int progress, std::string_view message) {
    const std::lock_guard lock{mutex_};
    const int value = std::clamp(progress, 0, 99);
    if (value <= shown_ && message == message_) return;
    shown_ = std::max(shown_, value);
    message_ = message;
    ticked_ = true;
}

std::optional<Progress> RunningAttempt::take_progress() {
    const std::lock_guard lock{mutex_};
    if (!ticked_ || finished() || stop_.stop_requested()) return std::nullopt;
    ticked_ = false;
    Progress out{.lease = lease_, .progress = shown_, .message = message_, .at = clock_.now(), .event = news("job.progress")};
    out.event.at = out.at;
    out.event.data = event_data(job_, {State::running, shown_, stage_, message_, out.at});
    return out;
}

events::Event RunningAttempt::news(std::string_view type) const {
    events::Event event;
    event.at = clock_.now();
    event.type = type;
    event.owner = job_.owner;
    event.org = job_.org;
    event.subject = job_.id;
    return event;
}

void RunningAttempt::log(observe::Level level, std::string_view text) {
    const std::lock_guard lock{mutex_};
    log_.add(level, text, clock_.now());
}

std::vector<std::pair<std::string, Instant>> RunningAttempt::stages() const {
    const std::lock_guard lock{mutex_};
    return stages_;
}

std::string RunningAttempt::error_code() const { return ending_ ? ending_->error_code : std::string{}; }

std::optional<AppendLog> RunningAttempt::pending_log() const {
    const std::lock_guard lock{mutex_};
    auto lines = log_.pending(false, {});
    if (lines.empty()) return std::nullopt;
    return AppendLog{lease_, std::move(lines)};
}

void RunningAttempt::log_committed(Instant last) {
    const std::lock_guard lock{mutex_};
    log_.committed(last);
}

/// What was logged belongs to the commit that ends the attempt: after it nothing of the attempt is taken any more.
void RunningAttempt::add_last_lines(ledger::Commit& commit) {
    const std::lock_guard lock{mutex_};
    auto lines = log_.pending(true, clock_.now());
    if (!lines.empty()) commit.add(AppendLog{lease_, std::move(lines)});
}

ledger::Committed RunningAttempt::finish(Finish finish) {
    Settle settle;
    settle.state = State::completed;
    settle.outcome = "completed";
    return settle_with(std::move(settle), std::move(finish));
}

ledger::Committed RunningAttempt::await_children(Finish finish) {
    Settle settle;
    settle.state = State::blocked;
    settle.outcome = "waiting";
    settle.uncount = true;
    return settle_with(std::move(settle), std::move(finish));
}

ledger::Committed RunningAttempt::settle_with(Settle settle, Finish finish) {
    check();
    settle.job = job_.id;
    settle.result = std::move(finish.result);
    settle.related_dataset_id = finish.related_dataset_id;
    settle.result_file_id = finish.result_file_id;
    settle.metadata = std::move(finish.metadata);
    settle.at = clock_.now();
    const auto state = settle.state;
    ledger::Commit commit = std::move(finish.with);
    commit.guards.insert(commit.guards.begin(), std::make_unique<const Fence>(lease_));
    add_last_lines(commit);
    commit.add(std::move(settle));
    const auto done = ledger_.commit(std::move(commit));
    if (done.outcome == ledger::Outcome::lost) throw Error{Code::lease_lost};
    if (done) {
        const std::lock_guard lock{mutex_};
        settled_ = state;
    }
    return done;
}

void RunningAttempt::snooze(Duration time) {
    check();
    throw Snoozed{std::max(time, Duration{0})};
}

void RunningAttempt::save_checkpoint(json::value value) {
    check();
    if (value.is_object() && job_.checkpoint.is_object() && !value.get_object().contains("steps")) {
        if (const auto* steps = job_.checkpoint.get_object().if_contains("steps")) value.get_object().emplace("steps", *steps);
    }
    if (json::serialize(value).size() > checkpoint_bytes_max) {
        throw Error{Code::payload_too_large, {{"limit", std::to_string(checkpoint_bytes_max)}}};
    }
    const auto done = ledger_.commit(std::move(ledger::Commit{}.guard(Fence{lease_}).add(SaveCheckpoint{job_.id, value})));
    if (!done) throw Error{Code::lease_lost};
    job_.checkpoint = std::move(value);
}

void RunningAttempt::end_completed() {
    Settle settle;
    settle.job = job_.id;
    settle.outcome = "completed";
    settle.at = clock_.now();
    ending_ = std::move(settle);
}

ledger::Commit RunningAttempt::ending_commit() {
    ledger::Commit commit;
    commit.guard(Fence{lease_});
    add_last_lines(commit);
    commit.add(*ending_);
    return commit;
}

std::optional<Duration> RunningAttempt::after_ending(ledger::Committed committed, std::exception_ptr failed, observe::Log& log) {
    try {
        if (failed) std::rethrow_exception(failed);
        if (committed) {
            const std::lock_guard lock{mutex_};
            settled_ = ending_->state;
        }
        return std::nullopt;
    } catch (const Error& error) {
        log.warn("settling a job failed", {{"job", job_.id.str()}, {"error", error.what()}});
        if (!error.retryable()) return std::nullopt;
    }
    return std::exchange(pause_, std::min(pause_ * 2, settle_pause_max));
}

std::optional<Duration> RunningAttempt::settle(observe::Log& log) {
    if (!ending_ || stop_reason() == StopReason::lost) return std::nullopt;
    ledger::Committed committed;
    std::exception_ptr failed;
    try {
        committed = ledger_.commit(ending_commit());
    } catch (const Error&) {
        failed = std::current_exception();
    }
    return after_ending(committed, failed, log);
}

void RunningAttempt::settle_later(observe::Log& log, std::function<void(std::optional<Duration>)> done) {
    if (!ending_ || stop_reason() == StopReason::lost) return done(std::nullopt);
    ledger_.submit(ending_commit(), [this, &log, done = std::move(done)](ledger::Committed committed, std::exception_ptr failed) {
        done(after_ending(committed, failed, log));
    });
}

}  // namespace millrace::jobs::detail
