#include "jobs/engine.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <thread>

#include "jobs/detail/core.hpp"
#include "jobs/detail/pace.hpp"
#include "work/thread_name.hpp"

namespace millrace::jobs {

using detail::Core;
using detail::StopReason;

/// The threads; what they do stands in Core. A slot runs handlers one after the other: an ending that has no effects is
/// committed behind its back, together with those of other slots, and the job counts as running until that is durable.
struct Engine::State {
    struct Ready {
        Core::Attempt attempt;
        Deadline since;
    };
    struct Unsettled {
        Core::Attempt attempt;
        Deadline again;
    };
    /// Endings under way at once; slots wait beyond that.
    static constexpr int settling_max = 1000;
    /// A job that was claimed ahead and still waits after so long goes back to where others may take it.
    static constexpr Duration ready_max = 1s;

    SystemSteadyClock steady;
    SystemRandom random;
    const Settings settings;
    Core core;

    std::mutex mutex;                      ///< guards what follows
    std::condition_variable_any work;      ///< for slots: something is ready, or there is room for an ending
    std::condition_variable_any turn;      ///< for the dispatcher: time for a claim, or something has ended
    std::condition_variable_any emptied;   ///< for drain
    bool news = false;                     ///< there are events to look at
    bool wanted = true;                    ///< look for jobs at the next turn
    bool draining = false;
    bool claiming = false;
    int slots = 0;
    int running = 0;   ///< handlers
    int seated = 0;    ///< slots taken by jobs that are being stored
    int settling = 0;  ///< endings under way
    detail::Pace pace;
    std::deque<Ready> ready;
    std::vector<Core::Attempt> ended;
    std::vector<Unsettled> unsettled;  ///< to be tried again: the database was away
    std::vector<std::jthread> threads;

    State(Settings s, std::vector<Kind> kinds, JobStore& store, ledger::Ledger& ledger, events::Hub& hub,
          const Clock& clock, observe::Log& log, Worker self, observe::Tracer* tracer)
        : settings{s}, core{s, std::move(kinds), {store, ledger, hub, clock, steady, random, tracer}, log, std::move(self)} {}

    void spawn(const char* name, void (State::*loop)(std::stop_token)) {
        threads.emplace_back([this, name, loop](std::stop_token stop) {
            work::name_this_thread(name);
            (this->*loop)(stop);
        });
    }

    void look_again() {
        const std::lock_guard lock{mutex};
        news = wanted = true;
        turn.notify_one();
    }

    /// False when it is time to stop.
    bool pause(std::stop_token stop, Duration time) {
        std::unique_lock lock{mutex};
        std::condition_variable_any nothing;
        nothing.wait_for(lock, stop, time, [] { return false; });
        return !stop.stop_requested();
    }

    void begin(bool restart, int running_max) {
        core.hello(restart, running_max);
        spawn("beat", &State::beat_loop);
    }
    void dispatch_loop(std::stop_token stop);
    void run_loop(std::stop_token stop);
    void beat_loop(std::stop_token stop) {
        while (pause(stop, settings.heartbeat)) core.beat_turn();
    }
    void tick_loop(std::stop_token stop) {
        while (pause(stop, 200ms)) {
            core.tick_turn();
            core.look_back_turn();
            settle_again();
            hand_back_stale();
        }
    }

    /// The slots as the store sees them.
    struct EmptySlots final : Seats {
        State& state;
        explicit EmptySlots(State& s) : state{s} {}
        bool take(const std::string& kind) override { return state.take_seat(kind); }
        void give_back() override { state.leave_seat(); }
        void fill(Claimed claimed) override { state.fill_seat(std::move(claimed)); }
    };
    bool take_seat(const std::string& kind);
    void leave_seat();
    void fill_seat(Claimed claimed);

    int room() const;
    bool is_idle() const;
    void settle(Core::Attempt attempt);
    void settled(const Core::Attempt& attempt, std::optional<Duration> again);
    void settle_again();
    void hand_back_stale();
};

Engine::Engine(Settings settings, std::vector<Kind> kinds, JobStore& store, ledger::Ledger& ledger, events::Hub& hub,
               const Clock& clock, observe::Log& log, Worker self, observe::Tracer* tracer)
    : state_{std::make_unique<State>(settings, std::move(kinds), store, ledger, hub, clock, log, std::move(self), tracer)} {}

Engine::~Engine() { drain(0s); }

const Uuid& Engine::worker() const { return state_->core.worker(); }

int Engine::running() const { return state_->core.running(); }

void Engine::start_without_running(bool restart) { state_->begin(restart, 0); }

void Engine::start(bool restart) {
    State& s = *state_;
    const auto cores = static_cast<int>(std::thread::hardware_concurrency());
    s.slots = s.settings.slots > 0 ? s.settings.slots : std::max(2, cores);
    s.begin(restart, s.slots);
    s.core.watch([&s] { s.look_again(); });
    s.spawn("dispatch", &State::dispatch_loop);
    s.spawn("ticks", &State::tick_loop);
    for (int i = 0; i < s.slots; ++i) s.spawn("job", &State::run_loop);
    s.core.offer(std::make_shared<State::EmptySlots>(s));
}

/// How many jobs to claim now. Of those that are claimed ahead none, until half of them have been taken: a claim costs
/// the same for one job as for many.
int Engine::State::room() const {
    if (draining) return 0;
    const int waiting = static_cast<int>(ready.size());
    const int free = std::max(0, slots - running - seated), ahead = pace.ahead(slots);
    const int room = free + ahead - waiting;
    return waiting < free || waiting <= ahead / 2 ? room : 0;
}

bool Engine::State::take_seat(const std::string& kind) {
    const std::lock_guard lock{mutex};
    if (draining || running + seated + static_cast<int>(ready.size()) >= slots || !core.runs(kind)) return false;
    ++seated;
    return true;
}

void Engine::State::leave_seat() {
    const std::lock_guard lock{mutex};
    --seated;
    wanted = true;
    turn.notify_one();
    if (draining) emptied.notify_all();
}

void Engine::State::fill_seat(Claimed claimed) {
    auto attempt = core.adopt(std::move(claimed));
    const std::lock_guard lock{mutex};
    --seated;
    ready.push_back({std::move(attempt), steady.now()});
    work.notify_one();
}

bool Engine::State::is_idle() const {
    return ready.empty() && running == 0 && seated == 0 && settling == 0 && unsettled.empty() && ended.empty() && !claiming;
}

void Engine::State::dispatch_loop(std::stop_token stop) {
    std::vector<Core::Attempt> done;
    while (!stop.stop_requested()) {
        int limit = 0;
        {
            const std::lock_guard lock{mutex};
            limit = wanted ? room() : 0;
            claiming = limit > 0;
            if (limit > 0) wanted = false;
            news = false;
            std::swap(done, ended);
        }
        for (const auto& attempt : done) core.forget(*attempt);
        done.clear();
        auto claims = core.claim_turn(limit);
        const auto now = steady.now();
        std::unique_lock lock{mutex};
        const int got = static_cast<int>(claims.attempts.size());
        for (auto& attempt : claims.attempts) ready.push_back({std::move(attempt), now});
        for (int i = std::min(got, slots - running); i > 0; --i) work.notify_one();
        if (got > 0 && got == limit) wanted = true;  // there may be more
        claiming = false;
        if (draining) emptied.notify_all();
        const bool woken = turn.wait_for(lock, stop, claims.wait, [&] { return news || !ended.empty() || (wanted && room() > 0); });
        wanted = wanted || !woken;
    }
}

void Engine::State::run_loop(std::stop_token stop) {
    std::unique_lock lock{mutex};
    for (;;) {
        work.wait(lock, stop, [&] { return !ready.empty() && settling < settling_max; });
        if (ready.empty()) return;
        const auto attempt = std::move(ready.front().attempt);
        ready.pop_front();
        ++running;
        if (wanted && room() > 0) turn.notify_one();
        lock.unlock();
        const auto begun = std::chrono::steady_clock::now();
        core.run(*attempt);
        const auto time = std::chrono::steady_clock::now() - begun;
        settle(attempt);
        lock.lock();
        pace.took(time);
        --running;
        if (wanted && room() > 0) turn.notify_one();
        if (draining) emptied.notify_all();
    }
}

void Engine::State::settle(Core::Attempt attempt) {
    {
        const std::lock_guard lock{mutex};
        ++settling;
    }
    core.settle_later(attempt, [this, attempt](std::optional<Duration> again) { settled(attempt, again); });
}

/// Called by the ledger, so it does no more than to note it.
void Engine::State::settled(const Core::Attempt& attempt, std::optional<Duration> again) {
    const std::lock_guard lock{mutex};
    if (again) unsettled.push_back({attempt, steady.now() + *again});
    else ended.push_back(attempt);
    if (settling-- == settling_max) work.notify_all();
    wanted = true;  // a limit may have kept others back
    if (ended.size() == 1) turn.notify_one();
    if (draining) emptied.notify_all();
}

void Engine::State::settle_again() {
    std::vector<Core::Attempt> due;
    {
        const std::lock_guard lock{mutex};
        const auto now = steady.now();
        const auto later = std::ranges::partition(unsettled, [&](const Unsettled& one) { return one.again > now; });
        for (auto& one : later) due.push_back(std::move(one.attempt));
        unsettled.erase(later.begin(), later.end());
        settling += static_cast<int>(due.size());
    }
    for (const auto& attempt : due) {
        core.settle_later(attempt, [this, attempt](std::optional<Duration> again) { settled(attempt, again); });
    }
}

void Engine::State::hand_back_stale() {
    std::vector<Core::Attempt> stale;
    {
        const std::lock_guard lock{mutex};
        const auto before = steady.now() - ready_max;
        while (!ready.empty() && ready.front().since < before && running >= slots) {
            stale.push_back(std::move(ready.front().attempt));
            ready.pop_front();
        }
    }
    for (auto& attempt : stale) {
        core.hand_back(*attempt);
        settle(std::move(attempt));
    }
}

void Engine::drain(Duration grace) {
    State& s = *state_;
    if (s.threads.empty()) return;
    s.core.offer(nullptr);
    const auto wait_for_end = [&](Duration time) {
        std::unique_lock lock{s.mutex};
        s.draining = true;
        s.turn.notify_one();
        s.emptied.wait_for(lock, time, [&] { return s.is_idle(); });
    };
    wait_for_end(grace);
    s.core.stop_all(StopReason::released);
    // Job code checks its stop token per block, so this ends soon; the attempts hand their jobs back themselves.
    wait_for_end(5s);
    for (auto& thread : s.threads) thread.request_stop();
    s.threads.clear();
    {
        // The ledger answers always, and it answers to us.
        std::unique_lock lock{s.mutex};
        s.emptied.wait(lock, [&] { return s.settling == 0 && s.seated == 0; });
    }
    s.core.unwatch();
    s.core.goodbye();
}

}  // namespace millrace::jobs
