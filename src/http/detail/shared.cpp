#include "http/detail/shared.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace millrace::http::detail {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

/// Leaves descriptors for everything else in the process.
std::uint64_t connections_within_limits(std::uint64_t wanted) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
    const std::uint64_t reserve = std::min<std::uint64_t>(256, limit.rlim_cur / 4);
    return std::min<std::uint64_t>(wanted, limit.rlim_cur - reserve);
}

}  // namespace

RateLimit::RateLimit(std::uint64_t per_second)
    : step_ns_{per_second == 0 ? 0 : std::max<std::int64_t>(second_ns / static_cast<std::int64_t>(per_second), 1)} {}

std::uint64_t RateLimit::ask(std::uint64_t address, Clock::time_point now) {
    if (step_ns_ == 0) return 0;
    const std::int64_t now_ns = std::chrono::nanoseconds{now.time_since_epoch()}.count();
    Shard& shard = shards_[(address * 0x9e3779b97f4a7c15u) >> 60];
    const std::lock_guard lock{shard.mutex};
    if (shard.full_at.size() >= shard_entries_max) {
        // Addresses whose bucket is full need no entry. If all are busy, forgetting them is the cheaper mistake.
        std::erase_if(shard.full_at, [&](const auto& entry) { return entry.second <= now_ns; });
        if (shard.full_at.size() >= shard_entries_max) shard.full_at.clear();
    }
    std::int64_t& full_at = shard.full_at[address];
    full_at = std::max(full_at, now_ns);
    const std::int64_t over = full_at + step_ns_ - now_ns - second_ns;
    if (over > 0) return static_cast<std::uint64_t>((over + second_ns - 1) / second_ns);
    full_at += step_ns_;
    return 0;
}

Shared::Shared(Settings given, Router given_router, Hooks given_hooks)
    : settings{std::move(given)},
      router{std::move(given_router)},
      hooks{std::move(given_hooks)},
      connections_max{connections_within_limits(settings.connections_max)},
      rate_limit{settings.rate_limit},
      reads{"http reads", std::max<std::uint64_t>(settings.read_threads, 1)},
      commits{"http commits", std::max<std::uint64_t>(settings.commit_threads, 1)},
      files{"http files", std::max<std::uint64_t>(settings.file_threads, 1)} {}

SslContext Shared::certificate() const {
    const std::lock_guard lock{certificate_mutex_};
    return certificate_;
}

void Shared::set_certificate(SslContext context) {
    const std::lock_guard lock{certificate_mutex_};
    certificate_ = std::move(context);
}

void Shared::note_progress() {
    const std::lock_guard lock{stop_mutex};
    stop_progress.notify_all();
}

void Shared::report(std::string_view message, const Error::Args& fields) const {
    if (hooks.on_error) hooks.on_error(message, fields);
}

}  // namespace millrace::http::detail
