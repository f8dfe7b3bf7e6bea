#include "work/timer.hpp"

#include "work/thread_name.hpp"

namespace millrace::work {

Timer::Timer(std::string name)
    : thread_{[this, name = std::move(name)] {
          name_this_thread(name);
          run();
      }} {}

Timer::~Timer() { stop(); }

Timer::Id Timer::at(Deadline deadline, Call call) {
    const std::lock_guard lock{mutex_};
    const Id id = ++last_;
    if (stopping_) return id;
    const auto [place, _] = calls_.emplace(std::pair{deadline, id}, std::move(call));
    deadlines_.emplace(id, deadline);
    // Only an earlier first deadline shortens the wait of the thread.
    if (place == calls_.begin()) changed_.notify_all();
    return id;
}

bool Timer::cancel(Id id) {
    Call dropped;  // destroyed outside the lock
    std::unique_lock lock{mutex_};
    const auto found = deadlines_.find(id);
    if (found == deadlines_.end()) {
        if (std::this_thread::get_id() != thread_id_) changed_.wait(lock, [&] { return running_ != id; });
        return false;
    }
    const auto place = calls_.find({found->second, id});
    dropped = std::move(place->second);
    calls_.erase(place);
    deadlines_.erase(found);
    lock.unlock();
    return true;
}

void Timer::stop() {
    decltype(calls_) dropped;
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        dropped.swap(calls_);
        deadlines_.clear();
    }
    changed_.notify_all();
    const std::lock_guard lock{join_mutex_};
    if (thread_.joinable()) thread_.join();
}

std::size_t Timer::pending() const {
    const std::lock_guard lock{mutex_};
    return calls_.size();
}

void Timer::run() {
    std::unique_lock lock{mutex_};
    thread_id_ = std::this_thread::get_id();
    while (!stopping_) {
        if (calls_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const auto first = calls_.begin();
        const auto [deadline, id] = first->first;
        if (std::chrono::steady_clock::now() < deadline) {
            changed_.wait_until(lock, deadline);
            continue;
        }
        Call call = std::move(first->second);
        calls_.erase(first);
        deadlines_.erase(id);
        running_ = id;
        lock.unlock();
        call();
        call = nullptr;
        lock.lock();
        running_ = 0;
        changed_.notify_all();
    }
}

}  // namespace millrace::work
