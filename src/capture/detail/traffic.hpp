#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/deadline.hpp"

namespace millrace::capture::detail {

/// Which requests of a page are under way, and since when there is none. Pure.
class Traffic {
public:
    explicit Traffic(Deadline now) : quiet_since_{now} {}

    /// `key` tells the requests of all frames apart. What never ends by design (event streams, pings, media) is not waited for.
    void started(const std::string& key, std::string_view type, Deadline now) {
        ++count_;
        if (type == "EventSource" || type == "Ping" || type == "Media" || type == "WebSocket" || type == "Prefetch") return;
        if (under_way_.size() < under_way_max) under_way_.insert(key);
        quiet_since_ = now;
    }
    void ended(const std::string& key, Deadline now) {
        if (under_way_.erase(key) > 0) quiet_since_ = now;
    }
    /// A frame or a page went, and its requests with it.
    void forget(std::string_view prefix, Deadline now) {
        if (std::erase_if(under_way_, [&](const std::string& key) { return key.starts_with(prefix); }) > 0) quiet_since_ = now;
    }
    bool is_quiet() const { return under_way_.empty(); }
    Deadline quiet_since() const { return quiet_since_; }
    std::uint64_t count() const { return count_; }

private:
    static constexpr std::size_t under_way_max = 10'000;
    std::set<std::string> under_way_;
    Deadline quiet_since_;
    std::uint64_t count_ = 0;
};

}  // namespace millrace::capture::detail
