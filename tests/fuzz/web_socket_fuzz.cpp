// Frames of a WebSocket: what comes out does not depend on how the bytes were cut, and is within the limits.
#include <cstdlib>
#include <vector>

#include "base/utf8.hpp"
#include "http/detail/web_socket.hpp"

using namespace millrace;
using http::detail::WebSocketFrames;

namespace {

void require(bool claim) {
    if (!claim) std::abort();
}

std::vector<std::string> heard(std::string_view bytes, std::size_t step) {
    WebSocketFrames frames;
    std::vector<std::string> messages;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
        frames.feed(bytes.substr(0, step));
        while (const auto message = frames.next()) {
            require(message->payload.size() <= WebSocketFrames::message_bytes_max);
            if (message->kind == WebSocketFrames::Kind::text) require(first_invalid_utf8(message->payload) == std::string::npos);
            messages.push_back(message->payload);
        }
    }
    if (frames.broken()) messages.push_back(std::to_string(static_cast<int>(*frames.broken())));
    return messages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    require(heard(bytes, size) == heard(bytes, 3));
    return 0;
}
