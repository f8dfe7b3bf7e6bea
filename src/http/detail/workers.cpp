#include "http/detail/workers.hpp"

#include "work/thread_name.hpp"

namespace millrace::http::detail {

Workers::Workers(std::string name, std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this, name] {
            work::name_this_thread(name);
            work();
        });
    }
}

bool Workers::submit(Task task, std::size_t queue_max) {
    bool wake = false;
    {
        const std::lock_guard lock{mutex_};
        if (stopping_ || tasks_.size() >= queue_max) return false;
        tasks_.push_back(std::move(task));
        wake = should_wake();
        waking_ = waking_ || wake;
    }
    if (wake) wake_.notify_one();
    return true;
}

void Workers::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void Workers::work() {
    std::unique_lock lock{mutex_};
    for (;;) {
        while (tasks_.empty() && !stopping_) {
            ++idle_;
            wake_.wait(lock);
            --idle_;
            waking_ = false;
        }
        if (tasks_.empty()) return;
        Task task = std::move(tasks_.front());
        tasks_.pop_front();
        const bool wake = should_wake();
        waking_ = waking_ || wake;
        lock.unlock();
        if (wake) wake_.notify_one();
        task();
        task = nullptr;
        lock.lock();
    }
}

}  // namespace millrace::http::detail
