#include "jobs/waiting_room.hpp"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "base/deadline.hpp"
#include "jobs/event_data.hpp"
#include "jobs/view.hpp"
#include "work/thread_name.hpp"

namespace millrace::jobs {

struct WaitingRoom::Place::Seat {
    Guest guest;
    std::function<void()> wake;
    std::string wants;   ///< the same for guests that wait for the same
    bool woken = false;  ///< and has not looked since
    bool found = false;
    std::list<Seat*>::iterator at;
};

struct WaitingRoom::State {
    using Seat = Place::Seat;

    const Settings settings;
    JobStore& store;
    RemoteStore& remote;
    events::Hub& hub;
    const Clock& clock;
    observe::Log& log;

    std::mutex mutex;  ///< guards what follows
    std::condition_variable_any changed;
    std::list<Seat*> line;  ///< in the order of arrival
    std::map<std::string, int, std::less<>> wanted;  ///< kinds, and how many in the line run them
    std::unique_ptr<events::Subscription> news;  ///< while somebody waits
    bool has_news = false;

    bool was_empty = true;  ///< until just now; of the thread only, as the next one
    bool limited = false;  ///< some queue has limits, so a job that ends may let another one start
    std::jthread thread;

    void loop(std::stop_token stop);
    bool wait(std::stop_token stop, Deadline until);
    bool heed_news();
    void scout();
    void keep_alive();
    Deadline due();
    bool wants(std::string_view kind) {
        const std::lock_guard lock{mutex};
        return wanted.contains(kind);
    }
    void wake_one(const std::function<bool(const Guest&)>& fits);
    void guarded(std::string_view what, const std::function<void()>& body) {
        try {
            body();
        } catch (const std::exception& error) {
            log.warn("waiting room turn failed", {{"what", what}, {"error", error.what()}});
        }
    }
};

namespace {

std::string queue_in(const events::Event& event) {
    const auto job = json::parse(event.json());
    const auto* queue = job.as_object().if_contains("queue");
    return queue && queue->is_string() ? std::string{std::string_view{queue->get_string()}} : std::string{};
}

bool serves_queue(const WaitingRoom::Guest& guest, const events::Event& event) {
    return guest.queues.empty() || guest.queues.contains(queue_in(event));
}

bool shares_kind(const WaitingRoom::Guest& a, const WaitingRoom::Guest& b) {
    return std::ranges::any_of(a.kinds, [&](const auto& kind) { return b.kinds.contains(kind); });
}

std::string wants_of(const WaitingRoom::Guest& guest) {
    std::string out;
    for (const auto& kind : guest.kinds) out += kind + '\n';
    for (const auto& queue : guest.queues) out += '\n' + queue;
    return out;
}

events::Interest interest() {
    events::Interest interest;
    interest.scope.role = Role::admin;
    interest.scope.reach = Scope::Reach::all;
    interest.types = {"job.queued", "job.scheduled", "job.retry_wait", "job.completed", "job.failed", "job.cancelled"};
    interest.ephemeral = false;
    interest.shows = false;
    return interest;
}

}  // namespace

WaitingRoom::WaitingRoom(const Settings& settings, JobStore& store, RemoteStore& remote, events::Hub& hub,
                         const Clock& clock, observe::Log& log)
    : state_{new State{.settings = settings, .store = store, .remote = remote, .hub = hub, .clock = clock, .log = log}} {}

WaitingRoom::~WaitingRoom() {
    state_->thread = {};
    const std::lock_guard lock{state_->mutex};
    state_->news.reset();
}

std::unique_ptr<WaitingRoom::Place> WaitingRoom::enter(Guest guest, std::function<void()> wake) {
    State& s = *state_;
    std::unique_ptr<Place> place{new Place{*this, std::move(guest), std::move(wake)}};
    const std::lock_guard lock{s.mutex};
    if (!s.news) {
        s.news = s.hub.subscribe(interest());
        // A publisher may still be about to call this when the room is gone.
        s.news->on_ready([weak = std::weak_ptr{state_}] {
            const auto room = weak.lock();
            if (!room) return;
            const std::lock_guard hold{room->mutex};
            room->has_news = true;
            room->changed.notify_all();
        });
    }
    if (!s.thread.joinable()) {
        s.thread = std::jthread{[&s](std::stop_token stop) {
            work::name_this_thread("waiting-room");
            s.loop(stop);
        }};
    }
    place->seat_->at = s.line.insert(s.line.end(), place->seat_.get());
    for (const auto& kind : place->seat_->guest.kinds) ++s.wanted[kind];
    s.changed.notify_all();
    return place;
}

WaitingRoom::Place::Place(WaitingRoom& room, Guest guest, std::function<void()> wake)
    : room_{room}, seat_{std::make_unique<Seat>()} {
    seat_->wants = wants_of(guest);
    seat_->guest = std::move(guest);
    seat_->wake = std::move(wake);
}

WaitingRoom::Place::~Place() {
    State& s = *room_.state_;
    {
        const std::lock_guard lock{s.mutex};
        s.line.erase(seat_->at);
        for (const auto& kind : seat_->guest.kinds) {
            if (--s.wanted[kind] == 0) s.wanted.erase(kind);
        }
    }
    // There may be more, or what it was woken for is still there: somebody else looks.
    if (seat_->found || seat_->woken) s.wake_one([&](const Guest& other) { return shares_kind(seat_->guest, other); });
}

void WaitingRoom::Place::looks() {
    const std::lock_guard lock{room_.state_->mutex};
    seat_->woken = false;
}

void WaitingRoom::Place::found() { seat_->found = true; }

void WaitingRoom::call(const Uuid& worker) {
    const std::lock_guard lock{state_->mutex};
    for (auto* seat : state_->line) {
        if (seat->guest.worker == worker) seat->wake();
    }
}

void WaitingRoom::State::wake_one(const std::function<bool(const Guest&)>& fits) {
    const std::lock_guard lock{mutex};
    const auto found = std::ranges::find_if(line, [&](const Seat* seat) { return !seat->woken && fits(seat->guest); });
    if (found == line.end()) return;
    (*found)->woken = true;
    (*found)->wake();
}

void WaitingRoom::State::loop(std::stop_token stop) {
    Deadline next_scout{}, next_beat{}, next_due{};
    const auto plan = [&] {
        next_due = next_scout;
        guarded("plan", [&] {
            limited = std::ranges::any_of(store.queues(), &Queue::limited);
            next_due = std::min(due(), next_scout);
        });
    };
    while (wait(stop, std::min({next_scout, next_beat, next_due}))) {
        if (std::exchange(was_empty, false)) {
            next_scout = in(settings.poll);
            next_beat = in(settings.heartbeat);
            plan();
        }
        const bool plans_changed = heed_news();
        const auto now = std::chrono::steady_clock::now();
        const bool time_to_look = now >= std::min(next_scout, next_due);
        if (time_to_look) {
            scout();
            next_scout = in(settings.poll);
        }
        if (time_to_look || plans_changed) plan();
        if (now >= next_beat) {
            guarded("beat", [&] { keep_alive(); });
            next_beat = in(settings.heartbeat);
        }
    }
}

/// Until there is news or something to do; for ever while nobody is there. False when it is time to stop.
bool WaitingRoom::State::wait(std::stop_token stop, Deadline until) {
    std::unique_lock lock{mutex};
    if (line.empty()) {
        was_empty = true;
        news.reset();
        has_news = false;
        changed.wait(lock, stop, [&] { return !line.empty(); });
    } else {
        changed.wait_until(lock, stop, until, [&] { return has_news; });
    }
    return !stop.stop_requested();
}

/// True when a job has become due at another time than was known.
bool WaitingRoom::State::heed_news() {
    events::Subscription::Batch batch;
    {
        const std::lock_guard lock{mutex};
        has_news = false;
        if (news) batch = news->take(SIZE_MAX);
    }
    bool due_changed = false;
    for (const auto& event : batch.events) {
        if (event->type == "job.queued") {
            const auto kind = kind_of(*event);
            if (!wants(kind)) continue;
            wake_one([&](const Guest& guest) { return guest.kinds.contains(kind) && serves_queue(guest, *event); });
            continue;
        }
        due_changed = due_changed || event->type == "job.scheduled" || event->type == "job.retry_wait";
        if (limited) wake_one([&](const Guest& guest) { return serves_queue(guest, *event); });
    }
    if (batch.behind) scout();
    return due_changed || batch.behind;
}

/// Wakes one guest of each sort.
void WaitingRoom::State::scout() {
    const std::lock_guard lock{mutex};
    std::set<std::string_view> sorts;
    for (auto* seat : line) {
        if (!sorts.insert(seat->wants).second || seat->woken) continue;
        seat->woken = true;
        seat->wake();
    }
}

void WaitingRoom::State::keep_alive() {
    std::vector<Uuid> workers;
    {
        const std::lock_guard lock{mutex};
        for (const auto* seat : line) workers.push_back(seat->guest.worker);
    }
    for (const auto& id : remote.beat_idle(workers, clock.now())) {
        const std::lock_guard lock{mutex};
        for (auto* seat : line) {
            if (seat->guest.worker == id) seat->wake();
        }
    }
}

Deadline WaitingRoom::State::due() {
    const auto at = store.next_due();
    // Never at once: a job that is due and cannot be moved must not keep the thread busy.
    return at ? in(std::max<Duration>(*at - clock.now(), 5ms)) : Deadline::max();
}

}  // namespace millrace::jobs
