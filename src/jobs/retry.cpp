#include "jobs/retry.hpp"

#include <algorithm>
#include <cmath>

namespace millrace::jobs {
namespace {

constexpr std::int64_t delay_ms_max = 30LL * 24 * 3600 * 1000;

bool contains(const std::vector<std::string>& codes, std::string_view code) {
    return std::ranges::find(codes, code) != codes.end();
}

Duration millis(double ms) { return Duration{static_cast<std::int64_t>(ms * 1000)}; }

}  // namespace

Duration delay_after(const RetryPolicy& policy, int attempt, double jitter) {
    const auto last = std::max(attempt, 1) - 1;
    switch (policy.strategy) {
        case RetryStrategy::fixed:
            return millis(static_cast<double>(policy.base_ms));
        case RetryStrategy::list: {
            if (policy.delays_ms.empty()) return {};
            const auto at = std::min(static_cast<std::size_t>(last), policy.delays_ms.size() - 1);
            return millis(static_cast<double>(policy.delays_ms[at]));
        }
        case RetryStrategy::exponential:
            break;
    }
    const double grown = static_cast<double>(policy.base_ms) * std::pow(policy.factor, std::min(last, 1000));
    return millis(std::min(grown, static_cast<double>(policy.max_ms)) * (policy.jitter ? jitter : 1.0));
}

bool is_retried(const RetryPolicy& policy, std::string_view code, bool retryable) {
    if (contains(policy.give_up_on, code)) return false;
    return retryable || contains(policy.retry_on, code);
}

std::vector<Issue> problems(const RetryPolicy& policy, const std::string& pointer) {
    std::vector<Issue> issues;
    const auto check = [&](std::int64_t ms, const std::string& at) {
        if (ms < 0 || ms > delay_ms_max) issues.push_back({pointer + at, "out_of_range", "expected 0 to 2592000000 (30 days)"});
    };
    check(policy.base_ms, "/base_ms");
    check(policy.max_ms, "/max_ms");
    for (std::size_t i = 0; i < policy.delays_ms.size(); ++i) check(policy.delays_ms[i], "/delays_ms/" + std::to_string(i));
    if (policy.factor < 1 || policy.factor > 100) issues.push_back({pointer + "/factor", "out_of_range", "expected 1 to 100"});
    const bool list = policy.strategy == RetryStrategy::list;
    if (list && (policy.delays_ms.empty() || policy.delays_ms.size() > 100)) {
        issues.push_back({pointer + "/delays_ms", "out_of_range", "expected 1 to 100 delays"});
    }
    return issues;
}

}  // namespace millrace::jobs
