#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "events/hub.hpp"
#include "jobs/engine.hpp"
#include "jobs/remote.hpp"

namespace millrace::jobs {

/// Where remote workers wait for jobs. A job that comes wakes one worker that can run it, the one that has waited
/// longest, and who got jobs wakes the next in case there are more: so a job finds its worker at once, and a thousand
/// idle workers cost hardly more than one. What no event tells of (a rate that allows the next start, a job that is
/// due) is looked for every Settings::poll, by one worker for all that wait for the same. Those who wait and hold no
/// job need not beat meanwhile. Thread-safe.
class WaitingRoom {
public:
    /// What the room works with outlives it, and it outlives its places. Its thread runs from the first guest on.
    WaitingRoom(const Settings& settings, JobStore& store, RemoteStore& remote, events::Hub& hub, const Clock& clock,
                observe::Log& log);
    ~WaitingRoom();
    WaitingRoom(const WaitingRoom&) = delete;
    WaitingRoom& operator=(const WaitingRoom&) = delete;

    struct Guest {
        Uuid worker;
        std::set<std::string, std::less<>> kinds;
        std::set<std::string, std::less<>> queues{};  ///< empty: all
    };

    /// A place in the line. Its end leaves the room.
    class Place {
    public:
        ~Place();
        /// Before each look for jobs: what comes from now on wakes again.
        void looks();
        /// The last look found jobs.
        void found();

    private:
        friend class WaitingRoom;
        struct Seat;
        Place(WaitingRoom& room, Guest guest, std::function<void()> wake);
        WaitingRoom& room_;
        const std::unique_ptr<Seat> seat_;
    };

    /// `wake` is called from other threads, perhaps more often than needed; it must neither block nor call the room.
    /// The guest looks for jobs after it has entered.
    std::unique_ptr<Place> enter(Guest guest, std::function<void()> wake);
    /// Wakes the worker wherever it waits: there is news for it other than a job.
    void call(const Uuid& worker);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace millrace::jobs
