#include "jobs/detail/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "jobs/detail/spans.hpp"
#include "jobs/event_data.hpp"

namespace millrace::jobs::detail {

Core::Core(Settings settings, std::vector<Kind> kinds, Surroundings around, observe::Log& log, Worker self)
    : settings_{settings}, around_{around}, log_{log}, self_{std::move(self)} {
    for (auto& kind : kinds) {
        if (!kind.run) continue;
        kind_names_.push_back(kind.name);
        kinds_.emplace(kind.name, std::move(kind));
    }
}

int Core::running() const {
    const std::lock_guard lock{mutex_};
    return static_cast<int>(running_.size());
}

std::vector<Core::Attempt> Core::attempts() const {
    const std::lock_guard lock{mutex_};
    std::vector<Attempt> out;
    for (const auto& [id, attempt] : running_) out.push_back(attempt);
    return out;
}

/// Anything but a broken database ends a turn with a log line, not the process.
void Core::guarded(std::string_view what, const std::function<void()>& body) {
    try {
        body();
    } catch (const std::exception& error) {
        log_.warn("engine turn failed", {{"what", what}, {"error", error.what()}});
    }
}

void Core::hello(bool restart, int slots) {
    self_.slots = slots;
    if (slots > 0) self_.kinds = kind_names_;
    around_.store.hello(self_);
    leases_good_until_ = around_.steady.now() + settings_.lease;
    around_.store.spare_remote(self_.id, settings_.lease, around_.clock.now());
    rescue(restart);
}

void Core::goodbye() {
    guarded("goodbye", [&] { around_.store.goodbye(self_.id); });
}

void Core::watch(std::function<void()> wake) {
    events::Interest interest;
    interest.scope.role = Role::admin;
    interest.scope.reach = Scope::Reach::all;
    interest.types = {"job.queued", "job.retry_wait", "job.scheduled", "job.cancelling"};
    interest.ephemeral = false;
    interest.shows = false;
    // Jobs of other kinds are none of its business, however many of them come.
    interest.where = [kinds = std::set<std::string, std::less<>>{kind_names_.begin(), kind_names_.end()}](const events::Event& event) {
        return kinds.contains(kind_of(event));
    };
    news_ = around_.hub.subscribe(std::move(interest));
    news_->on_ready(std::move(wake));
}

void Core::unwatch() { news_.reset(); }

void Core::take_news() {
    if (!news_) return;
    for (const auto& event : news_->take(SIZE_MAX).events) {
        if (event->type != "job.cancelling") continue;
        const std::lock_guard lock{mutex_};
        if (const auto it = running_.find(event->subject); it != running_.end()) it->second->stop(StopReason::cancelled);
    }
}

Core::Claims Core::claim_turn(int slots) {
    Claims out{.attempts = {}, .wait = settings_.poll};
    take_news();
    if (slots <= 0) return out;
    guarded("claim", [&] {
        auto claimed = around_.store.claim({.worker = self_.id, .kinds = kind_names_, .limit = slots,
                                            .lease = settings_.lease, .now = around_.clock.now()});
        for (auto& one : claimed) out.attempts.push_back(adopt(std::move(one)));
    });
    if (!out.attempts.empty()) return out;
    guarded("next due", [&] {
        const auto due = around_.store.next_due();
        if (!due) return;
        const Duration left = *due - around_.clock.now();
        // What is due and was not claimed is not due by the clock of the database: no reason to ask all the time.
        out.wait = left > Duration{0} ? std::clamp<Duration>(left, 1ms, settings_.poll) : std::min<Duration>(100ms, settings_.poll);
    });
    return out;
}

Core::Attempt Core::adopt(Claimed claimed) {
    auto attempt = std::make_shared<RunningAttempt>(std::move(claimed), around_.ledger, around_.clock);
    start(attempt);
    const std::lock_guard lock{mutex_};
    running_.insert_or_assign(attempt->job().id, attempt);
    return attempt;
}

void Core::offer(std::shared_ptr<Seats> seats) { around_.store.offer(self_, std::move(seats)); }

bool Core::runs(const std::string& kind) const { return kinds_.contains(kind); }

void Core::start(const Attempt& attempt) {
    const Job& job = attempt->job();
    attempt->claimed(around_.steady.now());
    Duration timeout = kinds_.at(job.kind).timeout;
    if (job.options.timeout_ms) timeout = std::chrono::milliseconds{*job.options.timeout_ms};
    if (timeout > Duration{0}) attempt->limit(timeout, around_.steady.now());
    attempt->stop_when_overdue(around_.steady.now(), around_.clock.now());
}

void Core::run(RunningAttempt& attempt) {
    const Job& job = attempt.job();
    if (log_.enabled(observe::Level::info)) {
        log_.info("job started", {{"job", job.id.str()}, {"kind", job.kind}, {"attempt", job.attempt}});
    }
    run_piece(attempt, [&](Context& context) {
        kinds_.at(job.kind).run(context);
        return true;
    });
}

bool Core::run_piece(RunningAttempt& attempt, const std::function<bool(Context&)>& piece) {
    const auto end_with = [&](const Error& error) {
        if (!attempt.finished()) attempt.end_with(ending_after(attempt, error));
    };
    try {
        attempt.check();
        if (!piece(attempt)) return false;
        if (attempt.finished()) return true;
        attempt.check();
        attempt.end_completed();
    } catch (const Snoozed& snoozed) {
        if (!attempt.finished()) attempt.end_with(snooze(attempt, snoozed.time));
    } catch (const Error& error) {
        end_with(error);
    } catch (const std::exception& error) {
        log_.error("job threw", {{"job", attempt.job().id.str()}, {"error", error.what()}});
        end_with(Error{Code::internal});
    }
    return true;
}

/// What to commit for an attempt that ended with an error; nothing when somebody else owns the job, so that whatever
/// this attempt would write is refused anyway.
std::optional<Settle> Core::ending_after(const RunningAttempt& attempt, const Error& error) {
    Settle settle;
    settle.job = attempt.job().id;
    settle.at = around_.clock.now();
    switch (attempt.stop_reason()) {
        case StopReason::lost:
            return std::nullopt;
        case StopReason::released:
            settle.state = State::queued;
            settle.outcome = "released";
            settle.uncount = true;
            break;
        case StopReason::cancelled:
            settle.state = State::cancelled;
            settle.outcome = "cancelled";
            settle.error_code = to_string(Code::cancelled);
            settle.error_message = Error{Code::cancelled}.what();
            break;
        case StopReason::timeout: {
            const std::chrono::duration<double> seconds = attempt.timeout();
            fail(settle, attempt, Error{Code::job_timeout, {{"seconds", fmt::format("{}", seconds.count())}}});
            break;
        }
        case StopReason::deadline:
            fail(settle, attempt, Error{Code::deadline_exceeded});
            break;
        case StopReason::none:
            if (error.code() == Code::lease_lost) return std::nullopt;
            fail(settle, attempt, error);
    }
    return settle;
}

Settle Core::snooze(const RunningAttempt& attempt, Duration time) const {
    Settle settle;
    settle.job = attempt.job().id;
    settle.at = around_.clock.now();
    settle.state = State::scheduled;
    settle.outcome = "snoozed";
    settle.run_at = settle.at + time;
    settle.uncount = true;
    return settle;
}

void Core::fail(Settle& settle, const RunningAttempt& attempt, const Error& error) {
    // Whatever a policy says of it: after its deadline a job is not tried again.
    const bool over = error.code() == Code::deadline_exceeded;
    const Next next = over ? Next{} : after_failure(attempt.job(), error, around_.random.uniform());
    settle.state = next.state;
    settle.outcome = "failed";
    settle.error_code = to_string(error.code());
    settle.error_message = error.what();
    if (const auto* existing = error.arg("existing_dataset_id")) settle.metadata.emplace("existing_dataset_id", *existing);
    if (next.state == State::retry_wait) settle.run_at = settle.at + next.delay;
}

std::optional<Duration> Core::settle(RunningAttempt& attempt) { return attempt.settle(log_); }

void Core::settle_later(const Attempt& attempt, std::function<void(std::optional<Duration>)> done) {
    attempt->settle_later(log_, std::move(done));
}

void Core::hand_back(RunningAttempt& attempt) {
    attempt.stop(StopReason::released);
    attempt.end_with(ending_after(attempt, Error{Code::cancelled}));
}

void Core::forget(RunningAttempt& attempt) {
    if (log_.enabled(observe::Level::info)) {
        const Job& job = attempt.job();
        const std::chrono::duration<double> seconds = around_.steady.now() - attempt.claimed_at();
        log_.info("job settled", {{"job", job.id.str()}, {"state", word(attempt.settled_as())}, {"seconds", seconds.count()}});
    }
    if (around_.tracer && around_.tracer->on()) record_spans(*around_.tracer, attempt, around_.clock.now());
    const std::lock_guard lock{mutex_};
    // Another attempt at the same job may have begun here, when this one was given up.
    const auto it = running_.find(attempt.job().id);
    if (it != running_.end() && it->second.get() == &attempt) running_.erase(it);
}

void Core::look_back_turn() {
    const auto now = around_.steady.now();
    if (now < look_back_at_) return;
    guarded("look back", [&] { around_.store.look_back(); });
    const auto end = around_.steady.now();
    // Where it takes long, it is done less often.
    look_back_at_ = end + std::max<Duration>(1s, std::chrono::duration_cast<Duration>(end - now) * 20);
}

void Core::tick_turn() {
    stop_overdue();
    guarded("ticks", [&] { flush(); });
}

void Core::stop_overdue() {
    const auto steady_now = around_.steady.now();
    const auto now = around_.clock.now();
    for (const auto& attempt : attempts()) attempt->stop_when_overdue(steady_now, now);
}

void Core::flush() {
    std::vector<Progress> progress;
    ledger::Commit commit;
    std::vector<std::pair<Attempt, Instant>> logged;
    for (const auto& attempt : attempts()) {
        if (auto come = attempt->take_progress()) {
            // That of a child counts in its parent.
            if (attempt->job().parent) commit.add(Tick{come->lease, come->progress, come->message, come->at});
            else progress.push_back(std::move(*come));
        }
        if (auto lines = attempt->pending_log()) {
            logged.emplace_back(attempt, lines->lines.back().at);
            commit.add(std::move(*lines));
        }
    }
    if (!progress.empty()) around_.store.show_progress(progress);
    if (commit.ops.empty()) return;
    around_.ledger.commit(std::move(commit));  // first committed, then seen
    for (const auto& [attempt, last] : logged) {
        attempt->log_committed(last);
        around_.hub.nudge(attempt->news("job.log"));
    }
}

void Core::beat_turn() {
    guarded("beat", [&] { beat(); });
    // A worker that cannot renew its leases stops writing before they end.
    if (around_.steady.now() > leases_good_until_) stop_all(StopReason::lost);
    guarded("hand back", [&] { hand_back_forgotten(); });
    guarded("rescue", [&] { rescue(false); });
    guarded("expire", [&] { expire(); });
}

void Core::beat() {
    const auto asked = around_.steady.now();
    const Beat answer = around_.store.beat(self_.id, around_.clock.now());
    if (!answer.known) {
        log_.warn("this worker was given up by the others", {{"worker", self_.id.str()}});
        stop_all(StopReason::lost);
        self_.seen_at = around_.clock.now();
        around_.store.hello(self_);
    }
    leases_good_until_ = asked + settings_.lease;
    const std::lock_guard lock{mutex_};
    for (const auto& id : answer.cancelling) {
        if (const auto it = running_.find(id); it != running_.end()) it->second->stop(StopReason::cancelled);
    }
}

/// A claim or a settlement whose answer got lost, or that was given up, leaves a lease that nobody here works under.
/// Beats would renew it for as long as this process lives.
void Core::hand_back_forgotten() {
    std::vector<Uuid> running;  // looked at first: what is claimed later is younger than a lease
    for (const auto& attempt : attempts()) running.push_back(attempt->job().id);
    for (const auto& job : around_.store.hand_back_forgotten(self_.id, running, settings_.lease, around_.clock.now())) {
        log_.warn("job handed back that this worker held and did not run", {{"job", job.str()}});
    }
}

void Core::rescue(bool restart) {
    for (const auto& rescued : around_.store.rescue(self_.id, settings_.lease, restart, around_.clock.now())) {
        log_.warn("job taken back from a lost worker", {{"job", rescued.job.str()}, {"state", word(rescued.state)}});
    }
}

void Core::expire() {
    for (const auto& job : around_.store.expire(around_.clock.now())) {
        log_.info("job not ended by its deadline", {{"job", job.str()}});
    }
}

void Core::stop_all(StopReason reason) {
    for (const auto& attempt : attempts()) attempt->stop(reason);
}

}  // namespace millrace::jobs::detail
