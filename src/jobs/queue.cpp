#include "jobs/queue.hpp"

#include <algorithm>

namespace millrace::jobs {
namespace {

constexpr std::int64_t period_ms_max = 31LL * 24 * 3600 * 1000;

void check_rate(std::vector<Issue>& issues, const char* count_at, std::optional<int> count, const char* period_at,
                std::optional<std::int64_t> period) {
    if (count.has_value() != period.has_value()) {
        issues.push_back({count ? period_at : count_at, "required", "a rate needs a count and a period"});
        return;
    }
    if (!count) return;
    if (*count < 1 || *count > 1'000'000) issues.push_back({count_at, "out_of_range", "expected 1 to 1000000"});
    if (*period < 1 || *period > period_ms_max) issues.push_back({period_at, "out_of_range", "expected 1 to 2678400000 (31 days)"});
}

}  // namespace

bool is_queue_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, fits);
}

std::vector<Issue> problems(const Queue& queue) {
    std::vector<Issue> issues;
    const auto check_max = [&](const char* at, std::optional<int> max) {
        if (max && (*max < 1 || *max > 1'000'000)) issues.push_back({at, "out_of_range", "expected 1 to 1000000; pause the queue to start nothing"});
    };
    check_max("/running_max", queue.running_max);
    check_max("/key_running_max", queue.key_running_max);
    check_rate(issues, "/rate_count", queue.rate_count, "/rate_period_ms", queue.rate_period_ms);
    check_rate(issues, "/key_rate_count", queue.key_rate_count, "/key_rate_period_ms", queue.key_rate_period_ms);
    return issues;
}

int starts_allowed(int count, Duration period, std::optional<Instant> free_at, Instant now) {
    const Instant empty_at = std::max(free_at.value_or(now), now);
    const double each = static_cast<double>(period.count()) / count;
    const double room = static_cast<double>((now + period - empty_at).count());
    return std::clamp(static_cast<int>(room / each + 1e-9), 0, count);
}

Instant after_starts(int count, Duration period, std::optional<Instant> free_at, Instant now, int started) {
    const Instant empty_at = std::max(free_at.value_or(now), now);
    return empty_at + Duration{static_cast<std::int64_t>(static_cast<double>(period.count()) / count * started)};
}

}  // namespace millrace::jobs
