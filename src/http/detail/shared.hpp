#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/rate_limit.hpp"
#include "http/detail/transport.hpp"
#include "http/detail/workers.hpp"
#include "http/server.hpp"

namespace millrace::http::detail {

/// What all io threads use. Set before they start, except what guards itself.
struct Shared {
    Shared(Settings given, Router given_router, Hooks given_hooks);

    Workers& pool(Lane lane) { return lane == Lane::reads ? reads : lane == Lane::commits ? commits : files; }
    SslContext certificate() const;
    void set_certificate(SslContext context);
    /// A client has ended while the server stops.
    void note_progress();
    void report(std::string_view message, const Error::Args& fields) const;

    const Settings settings;
    const Router router;
    const Hooks hooks;
    std::uint64_t connections_max;
    RateLimit rate_limit;
    Workers reads, commits, files;
    std::atomic<std::uint64_t> connections = 0;
    std::atomic<std::uint64_t> streams = 0;
    std::atomic<std::uint64_t> refused = 0;

    std::mutex stop_mutex;
    std::condition_variable stop_progress;

private:
    mutable std::mutex certificate_mutex_;
    SslContext certificate_;
};

}  // namespace millrace::http::detail
