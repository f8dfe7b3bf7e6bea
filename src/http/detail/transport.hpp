#pragma once

#include <openssl/types.h>
#include <sys/uio.h>

#include <memory>
#include <span>

#include "http/detail/asio.hpp"

namespace millrace::http::detail {

struct SslFree {
    void operator()(SSL* ssl) const;
    void operator()(SSL_CTX* context) const;
};
using Ssl = std::unique_ptr<SSL, SslFree>;
using SslContext = std::shared_ptr<SSL_CTX>;

/// Reads a PEM chain and key; throws Error{invalid_config}.
SslContext load_certificate(const std::string& certificate_file, const std::string& key_file);

/// What one attempt to read or write came to.
struct Io {
    enum class State { ok, want_read, want_write, closed, failed } state;
    std::size_t bytes = 0;
};

/// A connection, plain or TLS. Attempts never block; waiting is for readiness, so a waiting connection needs no buffer.
class Transport {
public:
    explicit Transport(Socket socket) : socket_{std::move(socket)} {}
    Transport(Transport&&) = default;
    ~Transport();

    void start_tls(SSL_CTX& context);
    bool secure() const { return ssl_ != nullptr; }
    Io handshake();

    Io read(char* into, std::size_t size);
    /// Writes the parts one after another; `bytes` may end inside any of them.
    Io write(std::span<const iovec> parts);
    /// True when the peer has closed or the connection broke; looks without taking data (plain connections only).
    bool hung_up();

    /// Waits until the connection can be read (or written); false when cancelled or broken.
    Awaitable<bool> ready(Io::State want);
    Socket& socket() { return socket_; }
    /// No more from us; the peer may still send.
    void shutdown_send();
    void cancel();
    /// Ends the connection in both directions, so that every wait returns.
    void kill();

private:
    Io tls_result(int result);

    Socket socket_;
    Ssl ssl_;
};

}  // namespace millrace::http::detail
