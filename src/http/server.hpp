#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/deadline.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace millrace::http {

/// Limits and sizes of the server. Every wait of a client has a limit here.
struct Settings {
    std::vector<std::string> listen{"127.0.0.1:8000"};  ///< "address:port", "[v6]:port"; port 0: any free one
    Duration head_timeout = 10s;        ///< from the first byte of a request (or the connection) to the end of its head
    Duration body_idle_timeout = 30s;   ///< without a byte of the body arriving, or of the answer being taken
    Duration keepalive_timeout = 60s;   ///< between two requests
    std::uint64_t head_bytes_max = 32 * 1024;
    std::uint64_t header_fields_max = 100;
    std::uint64_t rate_limit = 1000;         ///< requests per second and address (IPv6: /64), as much again at once; 0 = none
    std::uint64_t connections_max = 20'000;  ///< further ones get 503; lowered to what the descriptor limit allows
    std::uint64_t io_threads = 0;            ///< 0: one per core
    std::uint64_t read_threads = 4;
    std::uint64_t commit_threads = 16;
    std::uint64_t file_threads = 4;
    std::uint64_t queue_max = 4096;           ///< requests waiting for a pool thread; further ones get 503
    std::uint64_t body_memory_max = 64 << 20; ///< bytes of body blocks in flight; uploads wait for each other beyond
    Duration stream_heartbeat = 15s;
    Duration stream_stall = 30s;
    std::string tls_certificate;  ///< PEM chain; with the key, every listener speaks TLS 1.2 or newer
    std::string tls_key;          ///< PEM
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (listen, head_timeout, body_idle_timeout, keepalive_timeout, head_bytes_max, header_fields_max,
                       rate_limit, connections_max, io_threads, read_threads, commit_threads, file_threads, queue_max,
                       body_memory_max, stream_heartbeat, stream_stall, tls_certificate,
                       tls_key))

/// What one request came to, for metrics and the access log.
struct Served {
    std::string_view method;
    std::string_view route;  ///< the pattern; empty when none matched (keep it out of labels: the path is the client's)
    int status;              ///< 499 when the client left first
    double seconds;          ///< from the complete head to the last byte given to the kernel
    std::uint64_t bytes_in;  ///< of the body
    std::uint64_t bytes_out;
    std::string_view request_id;
    std::string_view remote;
    std::string_view traceparent;  ///< as the client sent it
};

/// Called on io and pool threads, any of them at the same time; must be quick and must not throw.
struct Hooks {
    std::function<void(const Served&)> on_request;
    /// Something a person may want to see: a fixed message and fields.
    std::function<void(std::string_view message, const Error::Args& fields)> on_error;
};

struct Counts {
    std::uint64_t connections;
    std::uint64_t streams;
    std::uint64_t refused;  ///< connections beyond the cap since the start
};

/// An HTTP/1.1 server. Strict about what it reads: what two programs could read differently is refused.
class Server {
public:
    /// Binds and listens; requests are answered from `start` on. Throws Error{invalid_config} when an address cannot
    /// be had or the certificate cannot be read.
    Server(Settings settings, Router router, Hooks hooks = {});
    /// Stops at once.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void start();
    /// Bound addresses in the order of Settings::listen, e.g. "127.0.0.1:40313".
    const std::vector<std::string>& addresses() const;
    std::uint16_t port() const;  ///< of the first address
    /// Stops accepting, lets requests finish and streams say `event: bye`, cuts what is left at the deadline, joins all
    /// threads. Blocks; may be called again, e.g. by another thread with a nearer deadline.
    void stop(Deadline deadline);
    /// Reads the certificate files again for new connections; throws Error{invalid_config} and keeps the old ones.
    void reload_certificate();
    Counts counts() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::http
