#include "http/detail/stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>

#include "base/random.hpp"
#include "http/detail/answer.hpp"

namespace millrace::http::detail {
namespace {

constexpr std::size_t pull_bytes = 64 * 1024;
constexpr int pulls_per_turn = 8;
constexpr std::string_view chunk_end = "\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

/// What the kernel may hold for one reader. Without a limit it grows to megabytes for a reader that does not read, and
/// "behind" would be known only then. The kernel doubles the number for its own bookkeeping.
constexpr int kernel_send_bytes = 128 * 1024;

}  // namespace

void Stream::start(Loop& loop, Transport transport, std::unique_ptr<StreamSource> source, std::string head, Framing framing,
                   std::string_view received) {
    const auto stream = std::make_shared<Stream>(loop, std::move(transport), std::move(source), framing);
    stream->send_raw(head);
    if (!stream->source_) return stream->finish();
    if (framing != Framing::web_socket) stream->send_text("retry: 2000\n\n");
    stream->watch_reader();
    try {
        stream->source_->on_ready(Wake{stream->target_});
    } catch (const std::exception& error) {
        loop.shared.report("stream failed", {{"what", error.what()}});
        return stream->finish();
    }
    if (loop.stopping) return stream->wind_down();
    stream->hear(received);
    stream->pump();
}

Stream::Stream(Loop& loop, Transport transport, std::unique_ptr<StreamSource> source, Framing framing)
    : loop_{loop},
      transport_{std::move(transport)},
      source_{std::move(source)},
      target_{std::make_shared<Wake::Target>(loop.mailbox, *this)},
      progress_{Clock::now()},
      framing_{framing} {
    const int socket = transport_.socket().native_handle();
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kernel_send_bytes, sizeof kernel_send_bytes);
    // A reader whose machine vanished is noticed by the kernel, also when there is little to send.
    const auto stall = static_cast<unsigned>(loop.shared.settings.stream_stall / 1ms);
    setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &stall, sizeof stall);
    loop_.add(*this);
    loop_.shared.streams.fetch_add(1, std::memory_order_relaxed);
    rearm();
}

Stream::~Stream() { close(); }

/// Pulls from the source until it has nothing, the socket is full, or others should have their turn.
void Stream::pump() {
    if (closed_ || ending_ || !unsent_.empty()) return;
    for (int turn = 0; turn < pulls_per_turn; ++turn) {
        // The scratch of the loop: nothing is allocated per stream for text that goes out at once.
        std::string& text = loop_.scratch;
        text.clear();
        auto pull = StreamSource::Pull::end;
        try {
            pull = source_->next(text, pull_bytes, behind_);
        } catch (const std::exception& error) {
            loop_.shared.report("stream failed", {{"what", error.what()}});
        }
        behind_ = false;
        if (!text.empty()) send_text(text);
        if (closed_) return;
        if (pull == StreamSource::Pull::end) return finish();
        if (pull == StreamSource::Pull::idle || !unsent_.empty()) return;
    }
    if (std::exchange(again_posted_, true)) return;
    asio::post(loop_.io, [self = shared_from_this()] {
        self->again_posted_ = false;
        self->pump();
    });
}

void Stream::send_text(std::string_view text) {
    if (framing_ != Framing::chunked) return send_raw(text);
    if (!unsent_.empty() || transport_.secure()) {  // one piece is one TLS record
        std::string framed;
        append_chunk_head(framed, text.size());
        framed += text;
        framed += chunk_end;
        return send_raw(framed);
    }
    std::string size;  // short enough to need no memory
    append_chunk_head(size, text.size());
    const auto part = [](std::string_view bytes) { return iovec{const_cast<char*>(bytes.data()), bytes.size()}; };
    const std::array parts{part(size), part(text), part(chunk_end)};
    const Io io = transport_.write(parts);
    if (io.state == Io::State::closed || io.state == Io::State::failed) return close();
    const std::size_t total = size.size() + text.size() + chunk_end.size();
    if (io.bytes > 0) progress_ = Clock::now();
    if (io.bytes < total) {
        std::string framed = size;
        framed += text;
        framed += chunk_end;
        unsent_.assign(framed, io.bytes);
        wait_writable();
    }
    rearm();
}

void Stream::send_raw(std::string_view bytes) {
    if (closed_) return;
    const bool idle = unsent_.empty();
    unsent_ += bytes;
    if (idle) write_unsent();
}

void Stream::write_unsent() {
    std::size_t sent = 0;
    Io io{Io::State::ok};
    while (sent < unsent_.size() && io.state == Io::State::ok) {
        const std::array parts{iovec{unsent_.data() + sent, unsent_.size() - sent}};
        io = transport_.write(parts);
        sent += io.bytes;
    }
    if (io.state == Io::State::closed || io.state == Io::State::failed) return close();
    if (sent > 0) progress_ = Clock::now();
    unsent_.erase(0, sent);
    if (unsent_.empty()) std::string{}.swap(unsent_);
    else wait_writable();
    rearm();
}

void Stream::wait_writable() {
    behind_ = true;
    if (std::exchange(waits_writable_, true)) return;
    transport_.socket().async_wait(Socket::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
        self->waits_writable_ = false;
        if (error || self->closed_) return;
        self->write_unsent();
        if (self->closed_ || !self->unsent_.empty()) return;
        if (self->ending_) return self->close();
        if (!self->pong_.empty()) self->send_raw(std::exchange(self->pong_, {}));
        self->pump();
    });
}

/// This wait owns the stream.
void Stream::watch_reader() {
    transport_.socket().async_wait(Socket::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
        if (error || self->closed_ || !self->read()) return self->close();
        if (!self->closed_) self->watch_reader();
    });
}

bool Stream::read() {
    char bytes[4096];
    Io io{};
    // TLS may hold decrypted bytes, of which the socket knows nothing.
    do {
        io = transport_.read(bytes, sizeof bytes);
        if (io.state == Io::State::closed || io.state == Io::State::failed) return false;
        if (io.state == Io::State::ok) hear({bytes, io.bytes});
    } while (transport_.secure() && io.state == Io::State::ok && !closed_);
    return true;
}

/// A reader of server-sent events has nothing to say: what it sends is thrown away.
void Stream::hear(std::string_view bytes) {
    if (framing_ != Framing::web_socket || bytes.empty()) return;
    frames_.feed(bytes);
    while (!closed_ && !ending_) {
        const auto message = frames_.next();
        if (!message) break;
        hear(*message);
    }
    if (frames_.broken()) finish(*frames_.broken());
    else pump();
}

void Stream::hear(const WebSocketFrames::Message& message) {
    switch (message.kind) {
        case WebSocketFrames::Kind::text:
            try {
                source_->receive(message.payload);
            } catch (const std::exception& error) {
                loop_.shared.report("stream failed", {{"what", error.what()}});
                finish(WebSocketStatus::internal);
            }
            break;
        case WebSocketFrames::Kind::ping:
            pong_.clear();
            append_frame(pong_, WebSocketFrames::Kind::pong, message.payload);
            if (unsent_.empty()) send_raw(std::exchange(pong_, {}));
            break;
        case WebSocketFrames::Kind::close: finish(WebSocketStatus::normal); break;
        default: break;
    }
}

void Stream::rearm() {
    if (closed_) return;
    const auto& settings = loop_.shared.settings;
    loop_.deadlines.set(*this, progress_ + (unsent_.empty() ? settings.stream_heartbeat : settings.stream_stall));
}

void Stream::on_deadline() {
    const auto keep = shared_from_this();
    if (ending_ || !unsent_.empty()) return close();  // stalled
    if (framing_ != Framing::web_socket) return send_text(":\n\n");
    std::string ping;
    append_frame(ping, WebSocketFrames::Kind::ping, {});
    send_raw(ping);
}

void Stream::wind_down() {
    const auto keep = shared_from_this();
    if (closed_ || ending_) return;
    // Readers that come back all at once would be the next server's first trouble.
    const auto delay = 500 + SystemRandom{}.next() % 4500;
    std::string bye;
    if (framing_ == Framing::web_socket) {
        append_web_socket_text(bye, R"({"event":"bye","data":{"retry":)" + std::to_string(delay) + "}}");
    } else {
        bye = "event: bye\ndata: {}\nretry: " + std::to_string(delay) + "\n\n";
    }
    send_text(bye);
    finish(WebSocketStatus::going_away);
}

void Stream::finish(WebSocketStatus status) {
    if (closed_ || ending_) return;
    ending_ = true;
    if (framing_ == Framing::chunked) send_raw(last_chunk);
    if (framing_ == Framing::web_socket && source_) {
        std::string frame;
        append_close(frame, status);
        send_raw(frame);
    }
    if (closed_) return;
    if (unsent_.empty()) close();
}

void Stream::close() {
    if (std::exchange(closed_, true)) return;
    target_->waker = nullptr;
    loop_.deadlines.clear(*this);
    loop_.remove(*this);
    loop_.shared.streams.fetch_sub(1, std::memory_order_relaxed);
    transport_.shutdown_send();
    transport_.cancel();
    source_.reset();
}

}  // namespace millrace::http::detail
