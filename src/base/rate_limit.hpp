#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/clock.hpp"

namespace millrace {

/// How often one may ask: `count` times per `period`, refilled evenly, at most `burst` at once.
struct Rate {
    std::uint64_t count = 0;  ///< 0: as often as one likes
    std::chrono::nanoseconds period = 1s;
    std::uint64_t burst = 0;  ///< 0: as many as `count`
};

/// The same rate for each of many callers, by the generic cell rate algorithm: all that is remembered of a caller is
/// when its allowance will be full again. Callers are numbers, e.g. hashes; two with the same number share an allowance.
/// Thread-safe; one short lock and no allocation for a caller that is known.
class RateLimit {
public:
    using Time = std::chrono::steady_clock::time_point;

    struct Verdict {
        bool allowed = true;
        std::uint64_t left = 0;         ///< that may follow at once
        std::chrono::seconds full_in{};  ///< rounded up: until the whole burst is there again
        std::chrono::seconds wait{};     ///< rounded up: until one more is allowed; 0 when this one is
    };

    /// Remembers at most about this many callers (10 MB), and forgets the ones that have not asked for longest: who has
    /// been forgotten has its whole burst again.
    static constexpr std::size_t callers_max = 128 * 1024;

    explicit RateLimit(Rate rate);
    bool limits() const { return step_ns_ > 0; }
    /// Counts one request of the caller unless it is refused. `now` may not go back by much.
    Verdict ask(std::uint64_t caller, Time now);
    /// Remembered now.
    std::size_t callers() const;

private:
    /// In two generations: when the newer one is full it becomes the older one, whose callers are forgotten unless they
    /// have asked since. So a look never scans, and neither does a flood of new callers.
    struct Shard {
        mutable std::mutex mutex;
        std::unordered_map<std::uint64_t, std::int64_t> newer, older;  ///< ns when the allowance is full again

        std::int64_t& full_at(std::uint64_t caller);
    };
    static constexpr std::size_t shards_count = 16;

    const std::int64_t step_ns_;   ///< refills one request; 0: no limit
    const std::int64_t burst_ns_;  ///< refills all
    std::array<Shard, shards_count> shards_;
};

}  // namespace millrace
