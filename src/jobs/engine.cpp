#include "jobs/engine.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <thread>

#include "base/deadline.hpp"
#include "base/random.hpp"
#include "jobs/detail/attempt.hpp"
#include "work/thread_name.hpp"

namespace millrace::jobs {

using detail::RunningAttempt;
using detail::StopReason;

struct Engine::State {
    Settings settings;
    std::map<std::string, Kind> kinds;
    std::vector<std::string> kind_names;
    JobStore& store;
    ledger::Ledger& ledger;
    events::Hub& hub;
    const Clock& clock;
    observe::Log& log;
    Worker self;
    SystemRandom random;

    mutable std::mutex mutex;
    std::condition_variable_any changed;  ///< a slot is free, a job may be there, or it is time to stop
    bool wanted = true;                   ///< look for jobs at the next turn
    bool draining = false;
    int free_slots = 0;
    std::map<Uuid, std::shared_ptr<RunningAttempt>> running;
    std::deque<std::shared_ptr<RunningAttempt>> ready;

    std::unique_ptr<events::Subscription> subscription;
    std::vector<std::jthread> threads;

    /// Anything but a broken database ends a thread's turn with a log line, not the process.
    void guarded(std::string_view what, const std::function<void()>& body) {
        try {
            body();
        } catch (const std::exception& error) {
            log.warn("engine turn failed", {{"what", what}, {"error", error.what()}});
        }
    }

    void spawn(const char* name, void (State::*loop)(std::stop_token)) {
        threads.emplace_back([this, name, loop](std::stop_token stop) {
            work::name_this_thread(name);
            (this->*loop)(stop);
        });
    }

    void watch_events();
    void dispatch_loop(std::stop_token stop);
    void run_loop(std::stop_token stop);
    void beat_loop(std::stop_token stop);
    void tick_loop(std::stop_token stop);
    void beat(Deadline& good_until);
    void rescue(bool restart);
    void flush_ticks();
    void run(RunningAttempt& attempt);
    void settle_failure(RunningAttempt& attempt, const Error& error);
    void stop_all(StopReason reason);
};

Engine::Engine(Settings settings, std::vector<Kind> kinds, JobStore& store, ledger::Ledger& ledger, events::Hub& hub,
               const Clock& clock, observe::Log& log, Worker self)
    : state_{new State{.settings = settings,
                       .kinds = {},
                       .kind_names = {},
                       .store = store,
                       .ledger = ledger,
                       .hub = hub,
                       .clock = clock,
                       .log = log,
                       .self = std::move(self)}} {
    for (auto& kind : kinds) {
        if (!kind.run) continue;
        state_->kind_names.push_back(kind.name);
        state_->kinds.emplace(kind.name, std::move(kind));
    }
}

Engine::~Engine() { drain(0s); }

const Uuid& Engine::worker() const { return state_->self.id; }

int Engine::running() const {
    const std::lock_guard lock{state_->mutex};
    return static_cast<int>(state_->running.size());
}

void Engine::start_without_running(bool restart) {
    State& s = *state_;
    s.store.hello(s.self);
    s.rescue(restart);
    s.spawn("beat", &State::beat_loop);
}

void Engine::start(bool restart) {
    State& s = *state_;
    const auto cores = static_cast<int>(std::thread::hardware_concurrency());
    const int slots = s.settings.slots > 0 ? s.settings.slots : std::max(2, cores);
    s.free_slots = slots;
    start_without_running(restart);
    s.watch_events();
    s.spawn("dispatch", &State::dispatch_loop);
    s.spawn("ticks", &State::tick_loop);
    for (int i = 0; i < slots; ++i) s.spawn("job", &State::run_loop);
}

void Engine::State::watch_events() {
    events::Interest interest;
    interest.scope.role = Role::admin;
    interest.scope.reach = Scope::Reach::all;
    interest.types = {"job.queued", "job.retry_wait", "job.scheduled", "job.cancelling"};
    interest.ephemeral = false;
    subscription = hub.subscribe(std::move(interest));
    subscription->on_ready([this] {
        const std::lock_guard lock{mutex};
        wanted = true;
        changed.notify_all();
    });
}

void Engine::State::dispatch_loop(std::stop_token stop) {
    while (!stop.stop_requested()) {
        for (const auto& event : subscription->take(SIZE_MAX).events) {
            if (event->type != "job.cancelling") continue;
            const std::lock_guard lock{mutex};
            if (const auto it = running.find(event->subject); it != running.end()) it->second->stop(StopReason::cancelled);
        }
        int limit = 0;
        {
            std::unique_lock lock{mutex};
            limit = draining ? 0 : free_slots;
            wanted = false;
        }
        std::size_t got = 0;
        std::optional<Instant> due;
        if (limit > 0) {
            guarded("claim", [&] {
                auto claimed = store.claim({.worker = self.id, .kinds = kind_names, .limit = limit,
                                            .lease = settings.lease, .now = clock.now()});
                got = claimed.size();
                const std::lock_guard lock{mutex};
                for (auto& one : claimed) {
                    auto attempt = std::make_shared<RunningAttempt>(std::move(one), ledger, clock);
                    running.emplace(attempt->job().id, attempt);
                    ready.push_back(std::move(attempt));
                    --free_slots;
                }
                if (got > 0) changed.notify_all();
            });
            if (got == 0) guarded("next due", [&] { due = store.next_due(); });
        }
        std::unique_lock lock{mutex};
        Duration wait = settings.poll;
        if (due) wait = std::clamp<Duration>(*due - clock.now(), 1ms, wait);
        changed.wait_for(lock, stop, wait, [&] { return wanted; });
    }
}

void Engine::State::run_loop(std::stop_token stop) {
    for (;;) {
        std::shared_ptr<RunningAttempt> attempt;
        {
            std::unique_lock lock{mutex};
            changed.wait(lock, stop, [&] { return !ready.empty(); });
            if (ready.empty()) return;
            attempt = std::move(ready.front());
            ready.pop_front();
        }
        run(*attempt);
        const std::lock_guard lock{mutex};
        running.erase(attempt->job().id);
        ++free_slots;
        wanted = true;
        changed.notify_all();
    }
}

void Engine::State::run(RunningAttempt& attempt) {
    const auto begun = std::chrono::steady_clock::now();
    const Job& job = attempt.job();
    log.info("job started", {{"job", job.id.str()}, {"kind", job.kind}, {"attempt", job.attempt}});
    try {
        attempt.check();
        kinds.at(job.kind).run(attempt);
        if (!attempt.finished()) attempt.finish({});
    } catch (const Error& error) {
        settle_failure(attempt, error);
    } catch (const std::exception& error) {
        log.error("job threw", {{"job", job.id.str()}, {"error", error.what()}});
        settle_failure(attempt, Error{Code::internal});
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
    log.info("job settled", {{"job", job.id.str()}, {"state", word(attempt.settled_as())}, {"seconds", seconds.count()}});
}

void Engine::State::settle_failure(RunningAttempt& attempt, const Error& error) {
    if (attempt.finished()) return;
    Settle settle;
    settle.job = attempt.job().id;
    settle.at = clock.now();
    switch (attempt.stop_reason()) {
        case StopReason::lost:
            return;  // somebody else owns the job; whatever this attempt would write is refused anyway
        case StopReason::released:
            settle.state = jobs::State::queued;
            settle.outcome = "released";
            settle.uncount = true;
            break;
        case StopReason::cancelled:
            settle.state = jobs::State::cancelled;
            settle.outcome = "cancelled";
            settle.error_code = to_string(Code::cancelled);
            settle.error_message = Error{Code::cancelled}.what();
            break;
        case StopReason::none: {
            if (error.code() == Code::lease_lost) return;
            const Next next = after_failure(attempt.job(), error, random.uniform());
            settle.state = next.state;
            settle.outcome = "failed";
            settle.error_code = to_string(error.code());
            settle.error_message = error.what();
            if (const auto* existing = error.arg("existing_dataset_id")) {
                settle.metadata.emplace("existing_dataset_id", *existing);
            }
            if (next.state == jobs::State::retry_wait) settle.run_at = settle.at + next.delay;
        }
    }
    attempt.settle(std::move(settle), log);
}

void Engine::State::beat_loop(std::stop_token stop) {
    Deadline good_until = in(settings.lease);
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock{mutex};
            std::condition_variable_any pause;
            pause.wait_for(lock, stop, settings.heartbeat, [] { return false; });
        }
        if (stop.stop_requested()) return;
        guarded("beat", [&] { beat(good_until); });
        // A worker that cannot renew its leases stops writing before they end.
        if (std::chrono::steady_clock::now() > good_until) stop_all(StopReason::lost);
        guarded("rescue", [&] { rescue(false); });
    }
}

void Engine::State::beat(Deadline& good_until) {
    const auto asked = std::chrono::steady_clock::now();
    const Beat answer = store.beat(self.id, clock.now());
    if (!answer.known) {
        log.warn("this worker was given up by the others", {{"worker", self.id.str()}});
        stop_all(StopReason::lost);
        self.seen_at = clock.now();
        store.hello(self);
    }
    good_until = asked + settings.lease;
    const std::lock_guard lock{mutex};
    for (const auto& id : answer.cancelling) {
        if (const auto it = running.find(id); it != running.end()) it->second->stop(StopReason::cancelled);
    }
}

void Engine::State::rescue(bool restart) {
    for (const auto& rescued : store.rescue(self.id, settings.lease, restart, clock.now())) {
        log.warn("job taken back from a lost worker", {{"job", rescued.job.str()}, {"state", word(rescued.state)}});
    }
}

void Engine::State::tick_loop(std::stop_token stop) {
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock{mutex};
            std::condition_variable_any pause;
            pause.wait_for(lock, stop, 200ms, [] { return false; });
        }
        guarded("ticks", [&] { flush_ticks(); });
    }
}

void Engine::State::flush_ticks() {
    std::vector<std::shared_ptr<RunningAttempt>> attempts;
    {
        const std::lock_guard lock{mutex};
        for (const auto& [id, attempt] : running) attempts.push_back(attempt);
    }
    ledger::Commit commit;
    std::vector<std::pair<std::shared_ptr<RunningAttempt>, RunningAttempt::TakenTick>> taken;
    for (const auto& attempt : attempts) {
        auto tick = attempt->take_tick();
        if (!tick) continue;
        commit.add(tick->op);
        taken.emplace_back(attempt, std::move(*tick));
    }
    if (taken.empty()) return;
    ledger.commit(std::move(commit));  // first committed, then seen
    for (auto& [attempt, tick] : taken) attempt->publish_tick(std::move(tick), hub);
}

void Engine::State::stop_all(StopReason reason) {
    const std::lock_guard lock{mutex};
    for (const auto& [id, attempt] : running) attempt->stop(reason);
}

void Engine::drain(Duration grace) {
    State& s = *state_;
    if (s.threads.empty()) return;
    {
        std::unique_lock lock{s.mutex};
        s.draining = true;
        s.changed.wait_for(lock, grace, [&] { return s.running.empty(); });
    }
    s.stop_all(StopReason::released);
    {
        // Job code checks its stop token per block, so this ends soon; the attempts hand their jobs back themselves.
        std::unique_lock lock{s.mutex};
        s.changed.wait_for(lock, 5s, [&] { return s.running.empty(); });
    }
    for (auto& thread : s.threads) thread.request_stop();
    s.changed.notify_all();
    s.threads.clear();
    s.subscription.reset();
    s.guarded("goodbye", [&] { s.store.goodbye(s.self.id); });
}

}  // namespace millrace::jobs
