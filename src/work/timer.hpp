#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/deadline.hpp"

namespace millrace::work {

/// Calls functions at their deadlines, all on one thread of its own. Calls must be short: hand work to a Pool.
/// A call that throws ends the program. All members are safe from any thread, also from inside a call.
class Timer {
public:
    using Call = std::move_only_function<void()>;
    /// Names one scheduled call; never reused.
    using Id = std::uint64_t;

    explicit Timer(std::string name = "timer");
    /// Stops; calls not yet due are dropped.
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Runs `call` once, at `deadline` or as soon after it as the thread is free; calls with equal deadlines in the
    /// order given. After `stop` it is dropped.
    Id at(Deadline deadline, Call call);
    /// True when the call will never run, false when it has run. Waits for a call that is running now (unless made
    /// from inside it), so what the call uses may be destroyed afterwards; hold no lock that the call takes.
    bool cancel(Id id);
    /// Waits for the running call, drops the rest, joins the thread. Not from inside a call.
    void stop();

    std::size_t pending() const;

private:
    void run();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::pair<Deadline, Id>, Call> calls_;
    std::map<Id, Deadline> deadlines_;
    Id last_ = 0;
    Id running_ = 0;  ///< 0 when no call runs
    bool stopping_ = false;
    std::thread::id thread_id_;  ///< of the thread that runs the calls
    std::mutex join_mutex_;
    std::jthread thread_;
};

}  // namespace millrace::work
