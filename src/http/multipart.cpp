#include "http/multipart.hpp"

#include <algorithm>
#include <cstring>

#include "base/utf8.hpp"
#include "http/detail/text.hpp"

namespace millrace::http {

Multipart::Multipart(std::string_view boundary, Events events) : Multipart{boundary, std::move(events), Limits{}} {}

Multipart::Multipart(std::string_view boundary, Events events, Limits limits)
    : delimiter_{"\r\n--" + std::string{boundary}},
      events_{std::move(events)},
      limits_{limits},
      matched_{2},
      assumed_{2} {}  // the first boundary needs no CRLF before it

void Multipart::refuse(std::string why) { throw Error{Code::malformed_multipart, {{"why", std::move(why)}}}; }

std::string Multipart::boundary_of(std::string_view content_type) {
    const auto type = detail::trim(content_type.substr(0, content_type.find(';')));
    if (!same_name(type, "multipart/form-data")) {
        throw Error{Code::unsupported_media_type, {{"type", std::string{type}}, {"known", "multipart/form-data"}}};
    }
    auto boundary = detail::header_parameter(content_type, "boundary");
    if (!boundary || boundary->empty()) refuse("the Content-Type has no boundary");
    // RFC 2046 5.1.1: at most 70 characters of a small set; the set below is the one with quotes allowed.
    constexpr std::string_view others = "'()+_,-./:=? ";
    const bool good = std::ranges::all_of(*boundary, [&](char c) {
        const char l = detail::lower(c);
        return (l >= 'a' && l <= 'z') || detail::is(c, detail::digit_char) || others.find(c) != others.npos;
    });
    if (!good || boundary->size() > 70 || boundary->back() == ' ') refuse("the boundary has characters that cannot be in it");
    return *boundary;
}

void Multipart::feed(std::string_view block) {
    while (!block.empty()) {
        if (step_ == Step::preamble || step_ == Step::data) {
            block.remove_prefix(feed_data(block));
        } else if (step_ == Step::epilogue) {
            return;  // ignored, as RFC 2046 asks
        } else {
            take(block.front());
            block.remove_prefix(1);
        }
    }
}

void Multipart::finish() {
    if (step_ == Step::close_padding) step_ = Step::epilogue;  // the last CRLF is optional
    if (step_ != Step::epilogue) refuse("it ends before its closing boundary");
}

void Multipart::emit(std::string_view bytes) {
    if (step_ == Step::data && !bytes.empty() && events_.data) events_.data(bytes);
}

/// Takes data up to the end of the block or of a delimiter; returns how much. A boundary has no CR, so after a mismatch
/// the next delimiter can only start at the next CR.
std::size_t Multipart::feed_data(std::string_view block) {
    const std::string_view delimiter{delimiter_};
    std::size_t at = 0;
    if (matched_ > 0) {  // what the block before ended with may be the start of a delimiter
        while (at < block.size() && matched_ < delimiter.size() && block[at] == delimiter[matched_]) ++at, ++matched_;
        if (matched_ == delimiter.size()) return boundary_found(), at;
        if (at == block.size()) return at;
        emit(delimiter.substr(assumed_, matched_ - assumed_));
        matched_ = assumed_ = 0;
    }
    const std::size_t start = at;
    for (;; ++at) {
        const void* cr = std::memchr(block.data() + at, '\r', block.size() - at);
        if (!cr) return emit(block.substr(start)), block.size();
        at = static_cast<std::size_t>(static_cast<const char*>(cr) - block.data());
        const auto candidate = block.substr(at, delimiter.size());
        if (candidate != delimiter.substr(0, candidate.size())) continue;
        emit(block.substr(start, at - start));
        if (candidate.size() == delimiter.size()) return boundary_found(), at + candidate.size();
        matched_ = candidate.size();
        return block.size();
    }
}

void Multipart::boundary_found() {
    matched_ = assumed_ = 0;
    const bool inside = step_ == Step::data;
    step_ = Step::after_boundary;
    if (inside && events_.part_end) events_.part_end();
}

void Multipart::take(char c) {
    switch (step_) {
        case Step::after_boundary:
            if (c == '-') step_ = Step::close_dash;
            else if (c == '\r') step_ = Step::line_lf;
            else if (c == ' ' || c == '\t') step_ = Step::transport_padding;
            else refuse("a boundary is followed by other text");
            return;
        case Step::close_dash:
            if (c != '-') refuse("a boundary is followed by other text");
            step_ = Step::close_padding;
            return;
        case Step::transport_padding:
            if (c == '\r') step_ = Step::line_lf;
            else if (c != ' ' && c != '\t') refuse("a boundary is followed by other text");
            return;
        case Step::line_lf:
            if (c != '\n') refuse("a boundary line does not end with CR LF");
            if (++parts_ > limits_.parts_max) refuse("it has too many parts");
            head_.clear();
            step_ = Step::head;
            return;
        case Step::head:
            return take_head(c);
        case Step::close_padding:
            if (c == '\r') step_ = Step::close_lf;
            else if (c != ' ' && c != '\t') refuse("the closing boundary is followed by other text");
            return;
        case Step::close_lf:
            if (c != '\n') refuse("the closing boundary line does not end with CR LF");
            step_ = Step::epilogue;
            return;
        default:
            return;
    }
}

void Multipart::take_head(char c) {
    if (head_.size() >= limits_.part_head_bytes_max) refuse("the head of a part is too long");
    if (c == '\n' && !head_.ends_with('\r')) refuse("a line in the head of a part does not end with CR LF");
    head_ += c;
    if (head_ == "\r\n") refuse("a part has no Content-Disposition");
    if (head_.ends_with("\r\n\r\n")) begin_part();
}

namespace {

/// RFC 8187: charset'language'percent-encoded; only UTF-8 is in use.
std::optional<std::string> extended_value(std::string_view text) {
    const auto first = text.find('\'');
    const auto second = first == text.npos ? text.npos : text.find('\'', first + 1);
    if (second == text.npos || !same_name(text.substr(0, first), "UTF-8")) return std::nullopt;
    return detail::percent_decode(text.substr(second + 1), false);
}

void check_text(const std::string& text, const char* what) {
    if (first_invalid_utf8(text) == std::string_view::npos && text.find('\0') == text.npos) return;
    throw Error{Code::malformed_multipart, {{"why", std::string{what} + " is not UTF-8"}}};
}

}  // namespace

void Multipart::begin_part() {
    Part part;
    std::string_view rest{head_};
    while (!rest.empty()) {
        const auto end = rest.find("\r\n");
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        if (line.empty()) break;
        const auto colon = line.find(':');
        const auto name = line.substr(0, colon == line.npos ? 0 : colon);
        const auto value = detail::trim(line.substr(name.size() + (colon == line.npos ? 0 : 1)));
        if (name.empty() || !detail::all_are(name, detail::token_char)) refuse("the head of a part has a line without a field name");
        if (!detail::all_are(value, detail::value_char)) refuse("the head of a part has a control byte");
        part.headers.add(name, value);
    }
    const auto disposition = part.headers.find("content-disposition");
    if (!disposition) refuse("a part has no Content-Disposition");
    const auto kind = detail::trim(disposition->substr(0, disposition->find(';')));
    auto name = detail::header_parameter(*disposition, "name");
    if (!same_name(kind, "form-data") || !name) refuse("the Content-Disposition of a part is not form-data with a name");
    part.name = std::move(*name);
    part.filename = detail::header_parameter(*disposition, "filename");
    if (const auto extended = detail::header_parameter(*disposition, "filename*")) {
        part.filename = extended_value(*extended);
        if (!part.filename) refuse("the filename* of a part is not UTF-8");
    }
    check_text(part.name, "the name of a part");
    if (part.filename) check_text(*part.filename, "the file name of a part");
    head_.clear();
    step_ = Step::data;
    matched_ = assumed_ = 2;  // without content, the delimiter may follow the head at once, whose CRLF then counts
    if (events_.part_begin) events_.part_begin(part);
}

}  // namespace millrace::http
