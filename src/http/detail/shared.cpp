#include "http/detail/shared.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace millrace::http::detail {
namespace {

/// Leaves descriptors for everything else in the process.
std::uint64_t connections_within_limits(std::uint64_t wanted) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
    const std::uint64_t reserve = std::min<std::uint64_t>(256, limit.rlim_cur / 4);
    return std::min<std::uint64_t>(wanted, limit.rlim_cur - reserve);
}

}  // namespace

Shared::Shared(Settings given, Router given_router, Hooks given_hooks)
    : settings{std::move(given)},
      router{std::move(given_router)},
      hooks{std::move(given_hooks)},
      connections_max{connections_within_limits(settings.connections_max)},
      rate_limit{{.count = settings.rate_limit, .period = 1s}},
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
