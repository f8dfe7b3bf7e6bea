#include "http/detail/answer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "http/detail/text.hpp"

namespace millrace::http::detail {
namespace {

bool is_ours(std::string_view name) {
    for (const std::string_view ours : {"content-length", "transfer-encoding", "connection", "date", "x-request-id",
                                        "x-content-type-options", "keep-alive"}) {
        if (same_name(name, ours)) return true;
    }
    return false;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

std::string_view without_weakness(std::string_view etag) {
    return etag.starts_with("W/") ? etag.substr(2) : etag;
}

}  // namespace

void append_head(std::string& out, const Envelope& envelope, const Headers& headers) {
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", envelope.status, reason_phrase(envelope.status));
    bool caching = false;
    for (const Headers* from : {&headers, envelope.more}) {
        for (std::size_t i = 0; from && i < from->size(); ++i) {
            const auto [name, value] = (*from)[i];
            const bool harmful = name.empty() || !all_are(name, token_char) || !all_are(value, value_char);
            if (harmful || is_ours(name)) continue;
            caching = caching || same_name(name, "cache-control");
            append_field(out, name, value);
        }
    }
    if (!envelope.etag.empty() && all_are(envelope.etag, value_char)) append_field(out, "ETag", envelope.etag);
    if (!caching) append_field(out, "Cache-Control", "no-store");
    append_field(out, "X-Content-Type-Options", "nosniff");
    append_field(out, "X-Request-Id", envelope.request_id);
    append_field(out, "Date", envelope.date);
    if (envelope.chunked) append_field(out, "Transfer-Encoding", "chunked");
    else if (envelope.length) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", *envelope.length);
    if (envelope.status == 101) append_field(out, "Connection", "Upgrade");
    else if (!envelope.keep_alive) append_field(out, "Connection", "close");
    else if (envelope.minor_version == 0) append_field(out, "Connection", "keep-alive");
    out += "\r\n";
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
    if (etag.empty() || if_none_match.empty()) return false;
    if (trim(if_none_match) == "*") return true;
    bool found = false;
    // A comma inside a tag splits it into pieces that match nothing; ours have none.
    split(if_none_match, ',', [&](std::string_view tag) {
        found = found || without_weakness(tag) == without_weakness(etag);
    });
    return found;
}

RangeVerdict judge_range(std::string_view range, std::uint64_t size, ByteRange& out) {
    constexpr std::string_view unit = "bytes=";
    if (!same_name(range.substr(0, unit.size()), unit)) return RangeVerdict::whole;
    const auto spec = trim(range.substr(unit.size()));
    const auto dash = spec.find('-');
    if (dash == spec.npos || spec.find(',') != spec.npos) return RangeVerdict::whole;
    const auto first_text = spec.substr(0, dash), last_text = spec.substr(dash + 1);
    const auto first = parse_length(first_text), last = parse_length(last_text);
    if ((!first && !first_text.empty()) || (!last && !last_text.empty()) || (!first && !last)) return RangeVerdict::whole;
    if (!first) {  // the last N bytes
        if (*last == 0 || size == 0) return RangeVerdict::unsatisfiable;
        const auto count = std::min(*last, size);
        out = {size - count, count};
        return RangeVerdict::part;
    }
    if (last && *last < *first) return RangeVerdict::whole;
    if (*first >= size) return RangeVerdict::unsatisfiable;
    const auto end = last ? std::min(*last, size - 1) : size - 1;
    out = {*first, end - *first + 1};
    return RangeVerdict::part;
}

void append_chunk_head(std::string& out, std::size_t size) { fmt::format_to(std::back_inserter(out), "{:x}\r\n", size); }

}  // namespace millrace::http::detail
