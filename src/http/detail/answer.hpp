#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

/// How answers look on the wire. Pure.
namespace millrace::http::detail {

/// What the connection decides about an answer, beside what the handler said.
struct Envelope {
    int status = 200;
    std::optional<std::uint64_t> length;  ///< of the body that a GET would get
    bool chunked = false;
    bool keep_alive = true;
    int minor_version = 1;
    std::string_view date;
    std::string_view request_id;
    std::string_view etag;
    const Headers* more = nullptr;  ///< of the request, beside those of its answer
};
/// Appends the head of an answer. Fields of `headers` that the envelope decides, or that would break the head, are left out.
void append_head(std::string& out, const Envelope& envelope, const Headers& headers);

/// Does If-None-Match name `etag`? Weak comparison (RFC 9110 13.1.2).
bool etag_matches(std::string_view if_none_match, std::string_view etag);

struct ByteRange {
    std::uint64_t first, size;
};
enum class RangeVerdict { whole, part, unsatisfiable };
/// Judges a Range field against `size` bytes. Several ranges, other units and bad syntax are ignored, as RFC 9110 14.2 allows.
RangeVerdict judge_range(std::string_view range, std::uint64_t size, ByteRange& out);

/// Appends `size` in hex, CR LF: the start of a chunk.
void append_chunk_head(std::string& out, std::size_t size);

}  // namespace millrace::http::detail
