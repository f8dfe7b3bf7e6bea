#include "http/detail/deadlines.hpp"

namespace millrace::http::detail {
namespace {

constexpr std::chrono::milliseconds slot_width{20};

}  // namespace

std::int64_t Deadlines::slot_of(Clock::time_point at) {
    return std::chrono::ceil<std::chrono::milliseconds>(at.time_since_epoch()) / slot_width + 1;
}

void Deadlines::set(Timed& timed, Clock::time_point deadline) {
    timed.deadline_ = deadline;
    if (deadline == Clock::time_point::max()) return;
    const auto slot = slot_of(deadline);
    if (timed.node_.linked() && timed.slot_ <= slot) return;
    insert(timed, slot);
    arm();
}

void Deadlines::insert(Timed& timed, std::int64_t slot) {
    timed.node_.unlink();
    timed.node_.owner = &timed;
    timed.slot_ = slot;
    slots_[slot].push_back(timed.node_);
}

void Deadlines::arm() {
    if (stopped_ || slots_.empty()) return;
    const auto first = slots_.begin()->first;
    if (armed_ != 0 && armed_ <= first) return;
    armed_ = first;
    timer_.expires_at(Clock::time_point{first * slot_width});
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !stopped_) run();
    });
}

void Deadlines::run() {
    armed_ = 0;
    const auto now = Clock::now();
    while (!slots_.empty() && Clock::time_point{slots_.begin()->first * slot_width} <= now) {
        auto& due = slots_.begin()->second;
        if (due.empty()) {
            slots_.erase(slots_.begin());
            continue;
        }
        // The callback may destroy its owner or set a new deadline, but never one in a slot that is due.
        Timed& timed = *static_cast<Timed::Node*>(due.next)->owner;
        timed.node_.unlink();
        if (timed.deadline_ <= now) {
            timed.deadline_ = Clock::time_point::max();
            timed.on_deadline();
        } else if (timed.has_deadline()) {
            insert(timed, slot_of(timed.deadline_));
        }
    }
    arm();
}

void Deadlines::stop() {
    stopped_ = true;
    timer_.cancel();
}

}  // namespace millrace::http::detail
