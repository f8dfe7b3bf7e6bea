#pragma once

#include <mutex>
#include <set>
#include <string>

#include "jobs/store.hpp"

namespace millrace::storage::detail {

/// A slot that was taken for a job of a transaction: given back unless it is filled.
class Seat {
public:
    Seat(std::shared_ptr<jobs::Seats> seats, const jobs::Worker& worker) : seats_{std::move(seats)}, worker_{worker} {}
    Seat(Seat&& other) = default;
    Seat& operator=(Seat&& other) = delete;
    ~Seat() {
        if (seats_) seats_->give_back();
    }

    const jobs::Worker& worker() const { return worker_; }
    void start(jobs::Claimed claimed) { claimed_ = std::move(claimed); }
    void fill() { std::exchange(seats_, nullptr)->fill(std::move(claimed_)); }

private:
    std::shared_ptr<jobs::Seats> seats_;
    jobs::Worker worker_;
    jobs::Claimed claimed_;
};

/// Which jobs may start as they come: those of queues in which nobody waited when this process last looked. Thread-safe.
class Seating {
public:
    void offer(const jobs::Worker& worker, std::shared_ptr<jobs::Seats> seats) {
        const std::lock_guard lock{mutex_};
        worker_ = worker;
        seats_ = std::move(seats);
        empty_.clear();
    }
    /// A claim found fewer jobs in the queue than it could take, or one has come that waits.
    void looked(const std::string& queue, bool empty) {
        const std::lock_guard lock{mutex_};
        if (!empty) empty_.erase(queue);
        else if (seats_) empty_.insert(queue);
    }
    std::optional<Seat> take(const jobs::Job& job) {
        const std::lock_guard lock{mutex_};
        if (!seats_ || !empty_.contains(job.queue) || !seats_->take(job.kind)) return std::nullopt;
        return Seat{seats_, worker_};
    }

private:
    std::mutex mutex_;
    std::shared_ptr<jobs::Seats> seats_;
    jobs::Worker worker_;
    std::set<std::string> empty_;
};

}  // namespace millrace::storage::detail
