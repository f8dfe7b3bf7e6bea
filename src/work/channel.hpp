#pragma once

#include <cassert>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/deadline.hpp"

namespace millrace::work {

/// A queue of at most `capacity` items between threads: a fast producer waits for a slow consumer, so memory is
/// bounded. Any number of producers and consumers. Meant for blocks, not bytes: an item costs one lock per side.
template <class T>
class Channel {
public:
    explicit Channel(std::size_t capacity) : capacity_{capacity} { assert(capacity > 0); }
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Waits for room. False, and the item is lost, once the channel is closed or `stop` is requested.
    [[nodiscard]] bool push(T item, std::stop_token stop = {}) {
        std::unique_lock lock{mutex_};
        const bool ready = room_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; });
        if (!ready || closed_) return false;
        items_.push_back(std::move(item));
        lock.unlock();
        filled_.notify_one();
        return true;
    }

    /// Takes an item only if there is room now; `item` is left alone otherwise.
    [[nodiscard]] bool try_push(T& item) {
        {
            const std::lock_guard lock{mutex_};
            if (closed_ || items_.size() >= capacity_) return false;
            items_.push_back(std::move(item));
        }
        filled_.notify_one();
        return true;
    }

    /// Waits for an item. Nothing once the channel is closed and empty, or `stop` is requested.
    std::optional<T> pop(std::stop_token stop = {}) {
        std::unique_lock lock{mutex_};
        filled_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
        if (stop.stop_requested()) return std::nullopt;
        return take(lock);
    }

    /// As `pop`, and nothing when `deadline` passes first; `closed()` tells the two apart.
    std::optional<T> pop_until(Deadline deadline, std::stop_token stop = {}) {
        std::unique_lock lock{mutex_};
        filled_.wait_until(lock, stop, deadline, [&] { return closed_ || !items_.empty(); });
        if (stop.stop_requested()) return std::nullopt;
        return take(lock);
    }

    std::optional<T> try_pop() {
        std::unique_lock lock{mutex_};
        return take(lock);
    }

    /// No further items are taken; those inside can still be read. Wakes everybody.
    void close() {
        {
            const std::lock_guard lock{mutex_};
            closed_ = true;
        }
        room_.notify_all();
        filled_.notify_all();
    }

    /// Closes and throws away what is inside: the consumer is gone or the work was cancelled.
    void cancel() {
        std::deque<T> dropped;  // destroyed outside the lock
        {
            const std::lock_guard lock{mutex_};
            closed_ = true;
            dropped.swap(items_);
        }
        room_.notify_all();
        filled_.notify_all();
    }

    bool closed() const {
        const std::lock_guard lock{mutex_};
        return closed_;
    }

    std::size_t size() const {
        const std::lock_guard lock{mutex_};
        return items_.size();
    }

    std::size_t capacity() const { return capacity_; }

private:
    std::optional<T> take(std::unique_lock<std::mutex>& lock) {
        if (items_.empty()) return std::nullopt;
        std::optional<T> item{std::move(items_.front())};
        items_.pop_front();
        lock.unlock();
        room_.notify_one();
        return item;
    }

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable_any room_;
    std::condition_variable_any filled_;
    std::deque<T> items_;
    bool closed_ = false;
};

}  // namespace millrace::work
