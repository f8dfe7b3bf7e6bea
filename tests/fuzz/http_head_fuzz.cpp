// Heads and chunked bodies from anybody. A head is judged the same in one piece and in several, a good one keeps its
// promises, and its target is refused with 400 or decoded to a clean path; chunks come to the same body however split.
#include <cstdlib>

#include "base/utf8.hpp"
#include "http/detail/answer.hpp"
#include "http/detail/chunked.hpp"
#include "http/detail/head.hpp"

using namespace millrace;
using namespace millrace::http;
using namespace millrace::http::detail;

namespace {

void require(bool claim) {
    if (!claim) std::abort();
}

void check_head(std::string_view bytes, std::size_t step) {
    constexpr HeadLimits limits{2048, 20};
    const auto whole = parse_head(bytes, limits);
    HeadParser parser{limits};
    auto state = HeadParser::State::more;
    for (std::size_t end = 0; end < bytes.size() && state == HeadParser::State::more;) {
        end = std::min(bytes.size(), end + step);
        state = parser.feed(bytes.substr(0, end));
    }
    require(state == whole.state);
    if (state == HeadParser::State::refused) {
        require(whole.refusal.status >= 400 && whole.refusal.status == parser.refusal().status);
        return;
    }
    if (state != HeadParser::State::done) return;
    const Head& head = whole.head;
    require(head.size == parser.head().size && head.size <= limits.bytes_max && head.fields.size() <= limits.fields_max);
    require(bytes.substr(head.size - 2, 2) == "\r\n");
    require(!(head.chunked && head.content_length));
    require(head.minor_version == 0 || head.host);
    try {
        const Request request = make_request(head, bytes);
        require(request.path == "*" || request.path.starts_with('/'));
        require(request.path.find('\0') == std::string::npos && request.path.find("/../") == std::string::npos);
        require(request.path.find("//") == std::string::npos && !request.path.ends_with("/.."));
        require(first_invalid_utf8(request.path) == std::string_view::npos);
        request.language();
        request.cookie("a");
        request.content_type();
        ByteRange range{};
        const auto verdict = judge_range(request.headers.get("range"), 1000, range);
        if (verdict == RangeVerdict::part) require(range.size > 0 && range.first + range.size <= 1000);
        etag_matches(request.headers.get("if-none-match"), "\"a\"");
    } catch (const Error& error) {
        require(http_status(error.code()) == 400);
    }
}

struct Decoded {
    ChunkDecoder::State state = ChunkDecoder::State::more;
    std::string body;
    std::size_t used = 0;
};

Decoded decode(std::string_view bytes, std::size_t step) {
    ChunkDecoder decoder;
    Decoded out;
    for (std::size_t at = 0; at < bytes.size() && out.state == ChunkDecoder::State::more; at += step) {
        std::string piece{bytes.substr(at, step)};
        const auto result = decoder.decode(piece.data(), piece.size());
        require(result.size <= result.used && result.used <= piece.size());
        out.body += piece.substr(0, result.size);
        out.used += result.used;
        out.state = result.state;
    }
    return out;
}

void check_chunks(std::string_view bytes, std::size_t step) {
    const auto whole = decode(bytes, std::max<std::size_t>(bytes.size(), 1));
    const auto split = decode(bytes, step);
    require(whole.state == split.state && whole.used == split.used);
    require(whole.body == split.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const std::size_t step = data[0] % 16u + 1;
    check_head(bytes, step);
    check_chunks(bytes, step);
    return 0;
}
