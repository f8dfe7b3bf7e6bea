#include "http/detail/web_socket.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace millrace::http::detail;
using Kind = WebSocketFrames::Kind;
using Status = WebSocketStatus;

namespace {

/// A frame as a client sends it. `first`: FIN, reserved bits and kind.
std::string frame(int first, std::string_view payload, bool masked = true) {
    constexpr std::string_view mask = "\x01\x80\xff\x37";
    std::string out(1, static_cast<char>(first));
    const int flag = masked ? 0x80 : 0;
    if (payload.size() < 126) {
        out += static_cast<char>(flag | static_cast<int>(payload.size()));
    } else {
        out += static_cast<char>(flag | 127);
        for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xff);
    }
    if (masked) out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) out += masked ? static_cast<char>(payload[i] ^ mask[i % 4]) : payload[i];
    return out;
}

constexpr int last = 0x80;
int whole(Kind kind) { return last | static_cast<int>(kind); }
int part(Kind kind) { return static_cast<int>(kind); }

/// What comes out when the bytes arrive `step` at a time: "text hello,ping x," and how it broke.
std::string heard(std::string_view bytes, std::size_t step) {
    WebSocketFrames frames;
    std::string out;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
        frames.feed(bytes.substr(0, step));
        while (const auto message = frames.next()) {
            out += message->kind == Kind::text ? "text " : message->kind == Kind::ping ? "ping " : message->kind == Kind::close ? "close " : "pong ";
            out += message->payload.substr(0, 20) + ',';
        }
    }
    if (frames.broken()) out += std::to_string(static_cast<int>(*frames.broken()));
    return out;
}

}  // namespace

TEST_CASE("messages come out whole, however they arrive, and broken rules end the connection") {
    struct Row { const char* name; std::string bytes; std::string heard; };
    const std::vector<Row> rows{
        {"a text", frame(whole(Kind::text), "hello"), "text hello,"},
        {"an empty text", frame(whole(Kind::text), ""), "text ,"},
        {"two texts", frame(whole(Kind::text), "a") + frame(whole(Kind::text), "b"), "text a,text b,"},
        {"the longest text", frame(whole(Kind::text), std::string(65536, 'x')), "text " + std::string(20, 'x') + ','},
        {"fragments with a ping between", frame(part(Kind::text), "he") + frame(whole(Kind::ping), "p") + frame(part(Kind::continuation), "l") + frame(whole(Kind::continuation), "lo"), "ping p,text hello,"},
        {"a character over two fragments", frame(part(Kind::text), "\xc3") + frame(whole(Kind::continuation), "\xab"), "text \xc3\xab,"},
        {"a pong", frame(whole(Kind::pong), ""), "pong ,"},
        {"a close", frame(whole(Kind::close), "\x03\xe8"), "close \x03\xe8,"},
        {"not masked", frame(whole(Kind::text), "hello", false), "1002"},
        {"reserved bits", frame(whole(Kind::text) | 0x40, "hello"), "1002"},
        {"an unknown kind", frame(last | 3, ""), "1002"},
        {"an unknown control kind", frame(last | 11, ""), "1002"},
        {"a continuation of nothing", frame(whole(Kind::continuation), "x"), "1002"},
        {"a text within a text", frame(part(Kind::text), "a") + frame(whole(Kind::text), "b"), "1002"},
        {"a ping in fragments", frame(part(Kind::ping), "a"), "1002"},
        {"a long ping", frame(whole(Kind::ping), std::string(126, 'x')), "1002"},
        {"binary", frame(whole(Kind::binary), "x"), "1003"},
        {"not UTF-8", frame(whole(Kind::text), "\xff"), "1007"},
        {"too long", frame(whole(Kind::text), std::string(65537, 'x')), "1009"},
        {"too long in fragments", frame(part(Kind::text), std::string(65000, 'x')) + frame(whole(Kind::continuation), std::string(600, 'x')), "1009"},
        {"an impossible length", std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10) + "mask", "1009"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.name);
        for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, row.bytes.size()}) {
            CAPTURE(step);
            CHECK(heard(row.bytes, step) == row.heard);
        }
    }
}

TEST_CASE("lengths of our frames take one, two or eight bytes") {
    for (const std::size_t size : {0UL, 125UL, 126UL, 65535UL, 65536UL}) {
        CAPTURE(size);
        std::string out;
        append_frame(out, Kind::text, std::string(size, 'x'));
        CHECK(out.size() == size + (size < 126 ? 2 : size < 65536 ? 4 : 10));
        CHECK(out[0] == '\x81');
    }
}
