#include "work/pool.hpp"

#include <cassert>

#include "work/thread_name.hpp"

namespace millrace::work {

Pool::Pool(Options options) : options_{std::move(options)} {
    assert(options_.threads > 0);
    threads_.reserve(options_.threads);
    for (std::size_t i = 0; i < options_.threads; ++i) {
        threads_.emplace_back([this, i] {
            name_this_thread(options_.threads == 1 ? options_.name : options_.name + "-" + std::to_string(i));
            work();
        });
    }
}

Pool::~Pool() { stop(Waiting::drop); }

bool Pool::submit(Task task) {
    {
        const std::lock_guard lock{mutex_};
        if (stopping_) return false;
        if (options_.queue_max > 0 && tasks_.size() >= options_.queue_max) return false;
        tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
    return true;
}

void Pool::stop(Waiting waiting) {
    std::deque<Task> dropped;  // destroyed outside the lock: a task's destructor may take locks of its own
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        if (waiting == Waiting::drop) dropped.swap(tasks_);
    }
    wake_.notify_all();
    const std::lock_guard lock{join_mutex_};
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

std::size_t Pool::queued() const {
    const std::lock_guard lock{mutex_};
    return tasks_.size();
}

void Pool::work() {
    while (true) {
        Task task;
        {
            std::unique_lock lock{mutex_};
            wake_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
            if (tasks_.empty()) return;
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        running_.fetch_add(1, std::memory_order_relaxed);
        try {
            task();
        } catch (...) {
            if (!options_.on_error) throw;
            options_.on_error(std::current_exception());
        }
        task = nullptr;  // what the task owned is released before it counts as done
        running_.fetch_sub(1, std::memory_order_relaxed);
    }
}

}  // namespace millrace::work
