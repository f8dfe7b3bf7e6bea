#pragma once

#include <boost/describe/enum.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "base/describe.hpp"

namespace millrace::jobs {

BOOST_DEFINE_ENUM_CLASS(RetryStrategy, exponential, fixed, list)

/// How long a failed job waits before its next attempt, and after which errors there is one. Times in milliseconds.
struct RetryPolicy {
    RetryStrategy strategy = RetryStrategy::exponential;
    std::int64_t base_ms = 2000;           ///< exponential: before the second attempt; fixed: before each
    double factor = 2;                     ///< exponential
    std::int64_t max_ms = 3'600'000;       ///< exponential: never longer
    bool jitter = true;                    ///< exponential: anything between zero and the delay, so that jobs that failed together do not return together
    std::vector<std::int64_t> delays_ms;   ///< list: before the second, third, ... attempt; the last one repeats
    std::vector<std::string> retry_on;     ///< error codes that are tried again although they would not be
    std::vector<std::string> give_up_on;   ///< error codes that are not, although they would be
    bool operator==(const RetryPolicy&) const = default;
};
BOOST_DESCRIBE_STRUCT(RetryPolicy, (), (strategy, base_ms, factor, max_ms, jitter, delays_ms, retry_on, give_up_on))

/// The delay before attempt `attempt + 1`. `jitter` in [0, 1). Source of the exponential one: Brooker, "Exponential
/// Backoff and Jitter" (2015).
Duration delay_after(const RetryPolicy& policy, int attempt, double jitter);

/// Is an error of this code tried again?
bool is_retried(const RetryPolicy& policy, std::string_view code, bool retryable);

/// What is wrong with it, each at its place below `pointer`.
std::vector<Issue> problems(const RetryPolicy& policy, const std::string& pointer);

}  // namespace millrace::jobs
