#include "http/detail/transport.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/error.hpp"

namespace millrace::http::detail {

void SslFree::operator()(SSL* ssl) const { SSL_free(ssl); }
void SslFree::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

namespace {

[[noreturn]] void refuse(std::string key, const std::string& file) {
    char text[256] = "unknown";
    if (const auto code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    throw Error{Code::invalid_config, {{"key", std::move(key)}, {"origin", file}, {"why", text}}};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

SslContext load_certificate(const std::string& certificate_file, const std::string& key_file) {
    SslContext context{SSL_CTX_new(TLS_server_method()), SslFree{}};
    if (!context) refuse("http.tls_certificate", certificate_file);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_IGNORE_UNEXPECTED_EOF);
    // Without RELEASE_BUFFERS an idle connection keeps 34 KB.
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
        refuse("http.tls_certificate", certificate_file);
    }
    const bool key = SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
                     SSL_CTX_check_private_key(context.get()) == 1;
    if (!key) refuse("http.tls_key", key_file);
    return context;
}

Transport::~Transport() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void Transport::start_tls(SSL_CTX& context) {
    ssl_.reset(SSL_new(&context));
    if (!ssl_) throw std::bad_alloc{};
    SSL_set_fd(ssl_.get(), socket_.native_handle());
    SSL_set_accept_state(ssl_.get());
}

Io Transport::tls_result(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return {Io::State::want_read};
        case SSL_ERROR_WANT_WRITE:
            return {Io::State::want_write};
        case SSL_ERROR_ZERO_RETURN:
            return {Io::State::closed};
        default:
            ERR_clear_error();
            return {Io::State::failed};
    }
}

Io Transport::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    return result == 1 ? Io{Io::State::ok} : tls_result(result);
}

Io Transport::read(char* into, std::size_t size) {
    if (ssl_) {
        ERR_clear_error();
        std::size_t bytes = 0;
        const int result = SSL_read_ex(ssl_.get(), into, size, &bytes);
        return result == 1 ? Io{Io::State::ok, bytes} : tls_result(result);
    }
    for (;;) {
        const auto n = ::recv(socket_.native_handle(), into, size, MSG_DONTWAIT);
        if (n > 0) return {Io::State::ok, static_cast<std::size_t>(n)};
        if (n == 0) return {Io::State::closed};
        if (errno == EAGAIN || errno == EWOULDBLOCK) return {Io::State::want_read};
        if (errno != EINTR) return {Io::State::failed};
    }
}

Io Transport::write(std::span<const iovec> parts) {
    if (ssl_) {
        ERR_clear_error();
        std::size_t total = 0;
        for (const iovec& part : parts) {
            if (part.iov_len == 0) continue;
            std::size_t bytes = 0;
            const int result = SSL_write_ex(ssl_.get(), part.iov_base, part.iov_len, &bytes);
            if (result != 1) {
                const Io io = tls_result(result);
                return total > 0 && io.state != Io::State::failed ? Io{Io::State::ok, total} : io;
            }
            total += bytes;
            if (bytes < part.iov_len) break;
        }
        return {Io::State::ok, total};
    }
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    for (;;) {
        const auto n = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) return {Io::State::ok, static_cast<std::size_t>(n)};
        if (errno == EAGAIN || errno == EWOULDBLOCK) return {Io::State::want_write};
        if (errno != EINTR) return {Io::State::failed};
    }
}

bool Transport::hung_up() {
    char byte = 0;
    const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

Awaitable<bool> Transport::ready(Io::State want) {
    boost::system::error_code error;
    const auto kind = want == Io::State::want_write ? Socket::wait_write : Socket::wait_read;
    auto token = asio::redirect_error(use_awaitable, error);
    co_await socket_.async_wait(kind, token);
    co_return !error;
}

void Transport::shutdown_send() {
    if (ssl_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    ::shutdown(socket_.native_handle(), SHUT_WR);
}

void Transport::cancel() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void Transport::kill() {
    ::shutdown(socket_.native_handle(), SHUT_RDWR);
    cancel();
}

}  // namespace millrace::http::detail
