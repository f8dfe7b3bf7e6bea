#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/clock.hpp"

namespace millrace::accounts::detail {

/// At most `capacity` values by key, each good until a moment; the one not asked for the longest goes first.
template <class Key, class Value, class Hash = std::hash<Key>>
class Lru {
public:
    explicit Lru(std::size_t capacity) : capacity_{capacity} {}

    std::optional<Value> get(const Key& key, Instant now) {
        const std::lock_guard lock{mutex_};
        const auto found = places_.find(key);
        if (found == places_.end()) return std::nullopt;
        if (found->second->until <= now) {
            entries_.erase(found->second);
            places_.erase(found);
            return std::nullopt;
        }
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->value;
    }

    void put(const Key& key, Value value, Instant until) {
        const std::lock_guard lock{mutex_};
        if (const auto found = places_.find(key); found != places_.end()) {
            entries_.erase(found->second);
            places_.erase(found);
        }
        entries_.push_front({key, std::move(value), until});
        places_.emplace(key, entries_.begin());
        if (entries_.size() <= capacity_) return;
        places_.erase(entries_.back().key);
        entries_.pop_back();
    }

    void erase(const Key& key) {
        const std::lock_guard lock{mutex_};
        const auto found = places_.find(key);
        if (found == places_.end()) return;
        entries_.erase(found->second);
        places_.erase(found);
    }

    void clear() {
        const std::lock_guard lock{mutex_};
        places_.clear();
        entries_.clear();
    }

    std::size_t size() const {
        const std::lock_guard lock{mutex_};
        return entries_.size();
    }

private:
    struct Entry {
        Key key;
        Value value;
        Instant until;
    };

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::list<Entry> entries_;
    std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> places_;
};

}  // namespace millrace::accounts::detail
