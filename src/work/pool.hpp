#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace millrace::work {

/// A fixed number of named threads that run tasks in the order they came. All members are safe from any thread;
/// `stop` must not be called by a task of the same pool.
class Pool {
public:
    using Task = std::move_only_function<void()>;

    struct Options {
        std::string name;          ///< shown by top and gdb; the kernel keeps 15 characters
        std::size_t threads = 1;
        std::size_t queue_max = 0; ///< `submit` refuses beyond this many waiting tasks; 0 = no limit
        /// Called with what a task threw. Without it the program ends, as for any thread: a lost failure is worse.
        std::function<void(std::exception_ptr)> on_error;
    };

    enum class Waiting { run, drop };

    explicit Pool(Options options);
    /// Stops; tasks still waiting are dropped.
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Queues a task. False, and the task is destroyed unrun, after `stop` or when the queue is full.
    [[nodiscard]] bool submit(Task task);
    /// Lets running tasks finish, runs or drops the waiting ones, joins all threads. May be called again.
    void stop(Waiting waiting = Waiting::run);

    std::size_t queued() const;
    std::size_t running() const { return running_.load(std::memory_order_relaxed); }
    std::size_t threads() const { return options_.threads; }
    const std::string& name() const { return options_.name; }

private:
    void work();

    const Options options_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Task> tasks_;
    bool stopping_ = false;
    std::atomic<std::size_t> running_ = 0;
    std::mutex join_mutex_;
    std::vector<std::jthread> threads_;
};

}  // namespace millrace::work
