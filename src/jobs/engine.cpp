#include "jobs/engine.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <thread>

#include "jobs/detail/core.hpp"
#include "work/thread_name.hpp"

namespace millrace::jobs {

using detail::Core;
using detail::StopReason;

/// The threads; what they do stands in Core.
struct Engine::State {
    SystemSteadyClock steady;
    SystemRandom random;
    const Settings settings;
    Core core;

    std::mutex mutex;
    std::condition_variable_any changed;  ///< a slot is free, a job may be there, or it is time to stop
    bool wanted = true;                   ///< look for jobs at the next turn
    bool draining = false;
    int free_slots = 0;
    int busy = 0;  ///< attempts waiting for a thread or running
    bool claiming = false;
    std::deque<Core::Attempt> ready;
    std::vector<std::jthread> threads;

    State(Settings s, std::vector<Kind> kinds, JobStore& store, ledger::Ledger& ledger, events::Hub& hub,
          const Clock& clock, observe::Log& log, Worker self)
        : settings{s}, core{s, std::move(kinds), {store, ledger, hub, clock, steady, random}, log, std::move(self)} {}

    void spawn(const char* name, void (State::*loop)(std::stop_token)) {
        threads.emplace_back([this, name, loop](std::stop_token stop) {
            work::name_this_thread(name);
            (this->*loop)(stop);
        });
    }

    void look_again() {
        const std::lock_guard lock{mutex};
        wanted = true;
        changed.notify_all();
    }

    /// False when it is time to stop.
    bool pause(std::stop_token stop, Duration time) {
        std::unique_lock lock{mutex};
        std::condition_variable_any nothing;
        nothing.wait_for(lock, stop, time, [] { return false; });
        return !stop.stop_requested();
    }

    void begin(bool restart, int slots) {
        core.hello(restart, slots);
        spawn("beat", &State::beat_loop);
    }
    void dispatch_loop(std::stop_token stop);
    void run_loop(std::stop_token stop);
    void beat_loop(std::stop_token stop) {
        while (pause(stop, settings.heartbeat)) core.beat_turn();
    }
    void tick_loop(std::stop_token stop) {
        while (pause(stop, 200ms)) core.tick_turn();
    }
};

Engine::Engine(Settings settings, std::vector<Kind> kinds, JobStore& store, ledger::Ledger& ledger, events::Hub& hub,
               const Clock& clock, observe::Log& log, Worker self)
    : state_{std::make_unique<State>(settings, std::move(kinds), store, ledger, hub, clock, log, std::move(self))} {}

Engine::~Engine() { drain(0s); }

const Uuid& Engine::worker() const { return state_->core.worker(); }

int Engine::running() const { return state_->core.running(); }

void Engine::start_without_running(bool restart) { state_->begin(restart, 0); }

void Engine::start(bool restart) {
    State& s = *state_;
    const auto cores = static_cast<int>(std::thread::hardware_concurrency());
    const int slots = s.settings.slots > 0 ? s.settings.slots : std::max(2, cores);
    s.free_slots = slots;
    s.begin(restart, slots);
    s.core.watch([&s] { s.look_again(); });
    s.spawn("dispatch", &State::dispatch_loop);
    s.spawn("ticks", &State::tick_loop);
    for (int i = 0; i < slots; ++i) s.spawn("job", &State::run_loop);
}

void Engine::State::dispatch_loop(std::stop_token stop) {
    while (!stop.stop_requested()) {
        int slots = 0;
        {
            const std::lock_guard lock{mutex};
            slots = draining ? 0 : free_slots;
            claiming = slots > 0;
            wanted = false;
        }
        auto claims = core.claim_turn(slots);
        std::unique_lock lock{mutex};
        const int got = static_cast<int>(claims.attempts.size());
        std::ranges::move(claims.attempts, std::back_inserter(ready));
        free_slots -= got;
        busy += got;
        claiming = false;
        if (got > 0 || draining) changed.notify_all();
        changed.wait_for(lock, stop, claims.wait, [&] { return wanted; });
    }
}

void Engine::State::run_loop(std::stop_token stop) {
    for (;;) {
        Core::Attempt attempt;
        {
            std::unique_lock lock{mutex};
            changed.wait(lock, stop, [&] { return !ready.empty(); });
            if (ready.empty()) return;
            attempt = std::move(ready.front());
            ready.pop_front();
        }
        core.run(*attempt);
        const std::lock_guard lock{mutex};
        ++free_slots;
        --busy;
        wanted = true;
        changed.notify_all();
    }
}

void Engine::drain(Duration grace) {
    State& s = *state_;
    if (s.threads.empty()) return;
    const auto wait_for_end = [&](Duration time) {
        std::unique_lock lock{s.mutex};
        s.draining = true;
        s.changed.wait_for(lock, time, [&] { return s.busy == 0 && !s.claiming; });
    };
    wait_for_end(grace);
    s.core.stop_all(StopReason::released);
    // Job code checks its stop token per block, so this ends soon; the attempts hand their jobs back themselves.
    wait_for_end(5s);
    for (auto& thread : s.threads) thread.request_stop();
    s.changed.notify_all();
    s.threads.clear();
    s.core.unwatch();
    s.core.goodbye();
}

}  // namespace millrace::jobs
