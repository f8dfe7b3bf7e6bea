#pragma once

#include <optional>
#include <string>

#include "base/describe.hpp"

namespace millrace::jobs {

/// A line of jobs and how fast it may move. Absent limits do not limit. Periods in milliseconds.
struct Queue {
    std::string name;
    bool paused = false;                          ///< nothing is started; what runs goes on
    std::optional<int> running_max;               ///< jobs at once, over all workers
    std::optional<int> rate_count;                ///< starts per rate_period_ms, evenly refilled, bursts up to rate_count
    std::optional<std::int64_t> rate_period_ms;
    std::optional<int> key_running_max;           ///< the same for the jobs of each limit key
    std::optional<int> key_rate_count;
    std::optional<std::int64_t> key_rate_period_ms;
    int version = 1;
    Instant updated_at{};

    bool limited() const { return running_max || rate_count || key_running_max || key_rate_count; }
};
BOOST_DESCRIBE_STRUCT(Queue, (),
                      (name, paused, running_max, rate_count, rate_period_ms, key_running_max, key_rate_count,
                       key_rate_period_ms, version, updated_at))

/// Letters, digits, '-', '_', '.', at most 64.
bool is_queue_name(std::string_view name);

/// What is wrong with limits, each at its pointer.
std::vector<Issue> problems(const Queue& queue);

/// Starts that a rate allows now, when the bucket is empty again at `free_at` (GCRA with a burst of `count`).
int starts_allowed(int count, Duration period, std::optional<Instant> free_at, Instant now);
/// The same bucket after `started` more.
Instant after_starts(int count, Duration period, std::optional<Instant> free_at, Instant now, int started);

}  // namespace millrace::jobs
