#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Frames of a WebSocket (RFC 6455). Pure.
namespace millrace::http::detail {

/// Why a WebSocket is closed (RFC 6455 section 7.4.1).
enum class WebSocketStatus : std::uint16_t {
    normal = 1000, going_away = 1001, protocol_error = 1002, unsupported = 1003, bad_text = 1007, too_big = 1009, internal = 1011,
};

/// What a client sends, taken apart as it arrives: messages put together of their fragments, control frames in between.
/// Keeps at most one message and one frame.
class WebSocketFrames {
public:
    enum class Kind : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
    struct Message {
        Kind kind;
        std::string payload;
    };
    static constexpr std::size_t message_bytes_max = 64 * 1024;

    void feed(std::string_view bytes) { in_ += bytes; }
    /// The next complete message or control frame.
    std::optional<Message> next();
    /// Why this connection has to end, once the client has broken a rule.
    std::optional<WebSocketStatus> broken() const { return broken_; }

private:
    struct Head;
    std::optional<Head> head();
    bool accepts(const Head& head);
    std::nullopt_t fail(WebSocketStatus status);

    std::string in_;
    std::string text_;  ///< the fragments so far
    bool open_ = false;
    std::optional<WebSocketStatus> broken_;
};

/// Appends one whole frame as a server sends it: not masked.
void append_frame(std::string& out, WebSocketFrames::Kind kind, std::string_view payload);
void append_close(std::string& out, WebSocketStatus status);

}  // namespace millrace::http::detail
