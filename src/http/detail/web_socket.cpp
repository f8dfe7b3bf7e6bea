#include "http/detail/web_socket.hpp"

#include <utility>

#include "base/utf8.hpp"

namespace millrace::http::detail {
namespace {

constexpr std::size_t control_bytes_max = 125;

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t number = 0;
    for (const char c : bytes) number = number << 8 | static_cast<std::uint8_t>(c);
    return number;
}

void append_big_endian(std::string& out, std::uint64_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

struct WebSocketFrames::Head {
    bool last;
    bool reserved, masked;
    Kind kind;
    std::uint64_t size;
    std::size_t bytes;  ///< of the head itself, its mask included

    bool control() const { return kind >= Kind::close; }
};

/// The head that `in_` begins with; nothing when it is not complete.
std::optional<WebSocketFrames::Head> WebSocketFrames::head() {
    if (in_.size() < 2) return std::nullopt;
    const auto first = static_cast<std::uint8_t>(in_[0]), second = static_cast<std::uint8_t>(in_[1]);
    Head head{(first & 0x80) != 0, (first & 0x70) != 0, (second & 0x80) != 0, static_cast<Kind>(first & 0x0f), second & 0x7fU, 2};
    const std::size_t size_bytes = head.size == 126 ? 2 : head.size == 127 ? 8 : 0;
    head.bytes += size_bytes + (head.masked ? 4 : 0);
    if (in_.size() < head.bytes) return std::nullopt;
    if (size_bytes > 0) head.size = big_endian(std::string_view{in_}.substr(2, size_bytes));
    return head;
}

bool WebSocketFrames::accepts(const Head& head) {
    const bool known = head.kind <= Kind::binary || (head.control() && head.kind <= Kind::pong);
    const bool orderly = head.control() ? head.last && head.size <= control_bytes_max : (head.kind == Kind::continuation) == open_;
    if (!known || head.reserved || !head.masked || !orderly) fail(WebSocketStatus::protocol_error);
    else if (head.kind == Kind::binary) fail(WebSocketStatus::unsupported);
    else if (head.size > message_bytes_max - text_.size()) fail(WebSocketStatus::too_big);
    return !broken_;
}

std::optional<WebSocketFrames::Message> WebSocketFrames::next() {
    while (!broken_) {
        const auto frame = head();
        if (!frame || !accepts(*frame)) return std::nullopt;
        const auto size = static_cast<std::size_t>(frame->size);
        if (in_.size() < frame->bytes + size) return std::nullopt;
        const auto mask = in_.substr(frame->bytes - 4, 4);
        auto payload = in_.substr(frame->bytes, size);
        for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
        in_.erase(0, frame->bytes + size);
        if (frame->control()) return Message{frame->kind, std::move(payload)};
        text_ += payload;
        open_ = !frame->last;
        if (open_) continue;
        if (first_invalid_utf8(text_) != text_.npos) return fail(WebSocketStatus::bad_text);
        return Message{Kind::text, std::exchange(text_, {})};
    }
    return std::nullopt;
}

std::nullopt_t WebSocketFrames::fail(WebSocketStatus status) {
    broken_ = status;
    return std::nullopt;
}

void append_frame(std::string& out, WebSocketFrames::Kind kind, std::string_view payload) {
    out += static_cast<char>(0x80 | static_cast<int>(kind));
    if (payload.size() <= control_bytes_max) {
        out += static_cast<char>(payload.size());
    } else if (payload.size() <= 0xffff) {
        out += static_cast<char>(126);
        append_big_endian(out, payload.size(), 2);
    } else {
        out += static_cast<char>(127);
        append_big_endian(out, payload.size(), 8);
    }
    out += payload;
}

void append_close(std::string& out, WebSocketStatus status) {
    std::string payload;
    append_big_endian(payload, static_cast<std::uint16_t>(status), 2);
    append_frame(out, WebSocketFrames::Kind::close, payload);
}

}  // namespace millrace::http::detail
