#include <openssl/evp.h>

#include <algorithm>
#include <cctype>

#include "base/hash.hpp"
#include "http/detail/text.hpp"
#include "http/detail/web_socket.hpp"
#include "http/message.hpp"

namespace millrace::http {
namespace {

/// Part of every handshake (RFC 6455 section 1.3).
constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool names(std::string_view list, std::string_view word) {
    bool found = false;
    detail::split(list, ',', [&](std::string_view item) { found = found || same_name(item, word); });
    return found;
}

/// 16 bytes in base64.
bool is_key(std::string_view key) {
    if (key.size() != 24 || !key.ends_with("==")) return false;
    return std::ranges::all_of(key.substr(0, 22), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/'; });
}

std::string accept_of(std::string_view key) {
    const auto text = std::string{key} + std::string{handshake_guid};
    std::string digest(20, '\0');
    EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha1(), nullptr);
    return to_base64(digest);
}

}  // namespace

EventStream web_socket(const Request& request, std::unique_ptr<StreamSource> source) {
    const auto refuse = [](std::string why) { throw Error{Code::bad_request, {{"why", std::move(why)}}}; };
    if (request.method != "GET" || request.has_body()) refuse("a WebSocket begins with a GET without a body");
    if (!names(request.headers.get("upgrade"), "websocket") || !names(request.headers.get("connection"), "upgrade")) {
        refuse("this address speaks WebSocket: the fields `Upgrade: websocket` and `Connection: Upgrade` are missing");
    }
    if (request.headers.get("sec-websocket-version") != "13") {
        request.answer_headers.set("Sec-WebSocket-Version", "13");
        refuse("only version 13 of WebSocket is spoken");
    }
    const auto keys = request.headers.all("sec-websocket-key");
    if (keys.size() != 1 || !is_key(keys.front())) refuse("Sec-WebSocket-Key has to be 16 bytes in base64");
    return {std::move(source), {}, accept_of(keys.front())};
}

void append_web_socket_text(std::string& out, std::string_view message) {
    detail::append_frame(out, detail::WebSocketFrames::Kind::text, message);
}

}  // namespace millrace::http
