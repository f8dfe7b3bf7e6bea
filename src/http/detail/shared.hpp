#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "http/detail/transport.hpp"
#include "http/detail/workers.hpp"
#include "http/server.hpp"

namespace millrace::http::detail {

/// Requests per second and address: a bucket that holds one second's worth (the generic cell rate algorithm).
class RateLimit {
public:
    explicit RateLimit(std::uint64_t per_second);
    /// Seconds to wait, rounded up; 0 = go on. Thread-safe.
    std::uint64_t ask(std::uint64_t address, Clock::time_point now);

private:
    struct Shard {
        std::mutex mutex;
        std::unordered_map<std::uint64_t, std::int64_t> full_at;  ///< ns when the bucket would be full again
    };
    static constexpr std::size_t shard_entries_max = 8192;
    const std::int64_t step_ns_;
    std::array<Shard, 16> shards_;
};

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
