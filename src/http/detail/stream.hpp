#pragma once

#include "http/detail/loop.hpp"
#include "http/detail/shared.hpp"
#include "http/detail/transport.hpp"
#include "http/detail/web_socket.hpp"

namespace millrace::http::detail {

/// How the text of a source is cut on the wire.
enum class Framing { none, chunked, web_socket };

/// A live stream: a socket and a source, no coroutine and, while the reader keeps up, no buffer. Owned by its loop's
/// operations: it lives as long as it waits for its reader to leave.
class Stream final : public Client, public std::enable_shared_from_this<Stream> {
public:
    /// `received`: what came after the request.
    static void start(Loop& loop, Transport transport, std::unique_ptr<StreamSource> source, std::string head, Framing framing,
                      std::string_view received);
    Stream(Loop& loop, Transport transport, std::unique_ptr<StreamSource> source, Framing framing);
    ~Stream() override;

    void on_deadline() override;
    void on_wake() override { pump(); }
    void wind_down() override;
    void cut() override { close(); }

private:
    void pump();
    /// Frames the text in the scratch from `from` on and sends it; keeps what the socket does not take.
    void send_text(std::string_view text);
    void send_raw(std::string_view bytes);
    void write_unsent();
    void wait_writable();
    void watch_reader();
    /// Takes what the reader sent; false when it has left.
    bool read();
    void hear(std::string_view bytes);
    void hear(const WebSocketFrames::Message& message);
    void finish(WebSocketStatus status = WebSocketStatus::normal);
    void close();
    void rearm();

    Loop& loop_;
    Transport transport_;
    std::unique_ptr<StreamSource> source_;
    std::shared_ptr<Wake::Target> target_;
    std::string unsent_;
    Clock::time_point progress_;  ///< when the reader last took something
    const Framing framing_;
    WebSocketFrames frames_;
    std::string pong_;  ///< owed to the reader's newest ping
    bool behind_ = false;
    bool ending_ = false;
    bool closed_ = false;
    bool waits_writable_ = false;
    bool again_posted_ = false;
};

}  // namespace millrace::http::detail
