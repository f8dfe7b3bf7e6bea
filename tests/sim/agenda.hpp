#pragma once

#include <functional>
#include <set>

#include "base/clock.hpp"

namespace millrace::sim {

/// What is still to happen, in order of virtual time; what happens at the same time, in the order in which it was put.
class Agenda {
public:
    static constexpr int nobody = -1;

    struct Entry {
        Duration at{};
        std::uint64_t order = 0;
        int worker = nobody;
        unsigned life = 0;  ///< of the worker: what its predecessor planned does not happen
        std::function<void()> body;
        bool operator<(const Entry& other) const { return at != other.at ? at < other.at : order < other.order; }
    };

    void put(Duration at, int worker, unsigned life, std::function<void()> body) {
        entries_.insert({at, ++order_, worker, life, std::move(body)});
    }
    bool empty() const { return entries_.empty(); }
    Duration next_at() const { return entries_.begin()->at; }
    Entry take() { return std::move(entries_.extract(entries_.begin()).value()); }
    /// Back again, for later.
    void put_off(Entry entry, Duration until) {
        entry.at = until;
        entry.order = ++order_;
        entries_.insert(std::move(entry));
    }
    void clear() { entries_.clear(); }

private:
    std::set<Entry> entries_;
    std::uint64_t order_ = 0;
};

}  // namespace millrace::sim
