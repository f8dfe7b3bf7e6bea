#include "base/rate_limit.hpp"

#include <algorithm>
#include <limits>

namespace millrace {
namespace {

/// Half of what fits: added to any time it does not overflow.
constexpr std::int64_t longest_ns = std::numeric_limits<std::int64_t>::max() / 4;

std::int64_t step_of(const Rate& rate) {
    if (rate.count == 0) return 0;
    const auto period_ns = static_cast<std::uint64_t>(rate.period.count());
    return static_cast<std::int64_t>(std::max<std::uint64_t>(period_ns / rate.count, 1));
}

std::int64_t burst_of(const Rate& rate, std::int64_t step_ns) {
    if (step_ns == 0) return 0;
    const auto fits = static_cast<std::uint64_t>(longest_ns / step_ns);
    return static_cast<std::int64_t>(std::clamp<std::uint64_t>(rate.burst == 0 ? rate.count : rate.burst, 1, fits)) * step_ns;
}

std::chrono::seconds rounded_up(std::int64_t ns) { return std::chrono::ceil<std::chrono::seconds>(std::chrono::nanoseconds{ns}); }

}  // namespace

RateLimit::RateLimit(Rate rate) : step_ns_{step_of(rate)}, burst_ns_{burst_of(rate, step_ns_)} {}

RateLimit::Verdict RateLimit::ask(std::uint64_t caller, Time now) {
    if (!limits()) return {};
    const std::int64_t now_ns = std::chrono::nanoseconds{now.time_since_epoch()}.count();
    Shard& shard = shards_[(caller * 0x9e3779b97f4a7c15u) >> 60];
    const std::lock_guard lock{shard.mutex};
    std::int64_t& full_at = shard.full_at(caller);
    full_at = std::max(full_at, now_ns);
    const std::int64_t over_ns = full_at + step_ns_ - now_ns - burst_ns_;
    const bool allowed = over_ns <= 0;
    if (allowed) full_at += step_ns_;
    const std::int64_t used_ns = full_at - now_ns;
    return {.allowed = allowed,
            .left = static_cast<std::uint64_t>(std::max<std::int64_t>(burst_ns_ - used_ns, 0) / step_ns_),
            .full_in = rounded_up(used_ns),
            .wait = allowed ? std::chrono::seconds{0} : rounded_up(over_ns)};
}

std::size_t RateLimit::callers() const {
    std::size_t number = 0;
    for (const auto& shard : shards_) {
        const std::lock_guard lock{shard.mutex};
        number += shard.newer.size() + shard.older.size();
    }
    return number;
}

std::int64_t& RateLimit::Shard::full_at(std::uint64_t caller) {
    if (const auto known = newer.find(caller); known != newer.end()) return known->second;
    const auto before = older.extract(caller);
    const std::int64_t at = before ? before.mapped() : 0;
    if (newer.size() >= callers_max / shards_count / 2) {
        newer.swap(older);
        newer.clear();
    }
    return newer.emplace(caller, at).first->second;
}

}  // namespace millrace
