#include "http/detail/head.hpp"

#include "base/utf8.hpp"
#include "http/detail/text.hpp"

namespace millrace::http::detail {
namespace {

constexpr std::string_view version_prefix = "HTTP/1.";
constexpr std::size_t method_size_max = 32;

Slice slice(std::size_t from, std::size_t to) {
    return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)};
}

Refusal bad(std::string_view why) { return {400, Code::bad_request, why}; }

/// uri-host [":" port] of RFC 3986 without user information; not empty.
bool is_authority(std::string_view host) {
    const auto colon = host.rfind(':');
    const auto bracket = host.rfind(']');
    if (colon != host.npos && (bracket == host.npos || colon > bracket)) {
        const auto port = host.substr(colon + 1);
        if (port.size() > 5 || !all_are(port, digit_char)) return false;
        host = host.substr(0, colon);
    }
    if (host.starts_with('[')) {
        if (!host.ends_with(']') || host.size() < 4) return false;
        for (const char c : host.substr(1, host.size() - 2)) {
            if (!is(c, hex_char) && c != ':' && c != '.') return false;
        }
        return true;
    }
    for (const char c : host) {
        const bool letter = lower(c) >= 'a' && lower(c) <= 'z';
        if (!letter && !is(c, digit_char) && std::string_view{"-._~!$&'()*+;=%"}.find(c) == std::string_view::npos) return false;
    }
    return !host.empty();
}

}  // namespace

void HeadParser::reset() {
    head_.fields.clear();
    Head next;
    next.fields = std::move(head_.fields);  // its memory is used again
    head_ = std::move(next);
    step_ = Step::start;
    at_ = begin_ = 0;
    refused_ = closes_ = stays_ = bad_expectation_ = false;
}

HeadParser::State HeadParser::refuse(Refusal refusal) {
    refusal_ = refusal;
    refused_ = true;
    return State::refused;
}

HeadParser::State HeadParser::feed(std::string_view buffer) {
    if (refused_) return State::refused;
    while (at_ < buffer.size() && head_.size == 0) {
        if (at_ >= limits_.bytes_max) {
            const int status = step_ == Step::target ? 414 : 431;
            return refuse({status, Code::head_too_large, "bytes"});
        }
        skip_run(buffer);
        if (at_ >= buffer.size()) break;
        if (const auto why = take(buffer[at_], buffer)) return refuse(*why);
        ++at_;
        if (step_ == Step::end_lf && buffer[at_ - 1] == '\n') {
            head_.size = at_;
            if (const auto why = finish_head()) return refuse(*why);
        }
    }
    return head_.size > 0 ? State::done : State::more;
}

/// Steps over the bytes that cannot end the token being read; take() judges the others.
void HeadParser::skip_run(std::string_view buffer) {
    const std::size_t end = std::min(buffer.size(), limits_.bytes_max);
    if (step_ == Step::value) {
        while (at_ < end && is(buffer[at_], value_char)) ++at_;
    } else if (step_ == Step::name) {
        while (at_ < end && is(buffer[at_], token_char)) ++at_;
    } else if (step_ == Step::target) {
        while (at_ < end && is(buffer[at_], target_char)) ++at_;
    }
    if (at_ == end && at_ < buffer.size()) --at_;  // the limit lies inside the run: let the loop see it
}

std::optional<Refusal> HeadParser::take(char c, std::string_view buffer) {
    switch (step_) {
        case Step::start:
            if (c == '\r' && at_ == 0) {
                // RFC 9112 2.2: one empty line before a request is an old client's mistake and harmless.
                step_ = Step::start_lf;
                return {};
            }
            if (!is(c, token_char)) return bad("the request line does not start with a method");
            begin_ = at_;
            step_ = Step::method;
            return {};
        case Step::start_lf:
            if (c != '\n') return bad("CR without LF");
            step_ = Step::start;
            return {};
        case Step::method:
            if (c == ' ') {
                head_.method = slice(begin_, at_);
                begin_ = at_ + 1;
                step_ = Step::target;
                return {};
            }
            if (!is(c, token_char)) return bad("the method is no token");
            if (at_ - begin_ >= method_size_max) return bad("the method is too long");
            return {};
        case Step::target:
            if (c == ' ' && at_ > begin_) {
                head_.target = slice(begin_, at_);
                begin_ = at_ + 1;
                step_ = Step::version;
                return {};
            }
            if (!is(c, target_char)) return bad("the request target has a byte that cannot be in it");
            return {};
        case Step::version:
            return take_version(c);
        case Step::line_cr:
            if (c != '\r') return bad("the request line goes on after the version");
            step_ = Step::line_lf;
            return {};
        case Step::line_lf:
        case Step::value_lf:
            if (c != '\n') return bad("CR without LF");
            step_ = Step::field_start;
            return {};
        case Step::field_start:
            if (c == '\r') {
                step_ = Step::end_lf;
                return {};
            }
            if (c == ' ' || c == '\t') return bad("a field is folded over two lines");
            if (!is(c, token_char)) return bad("a field name has a byte that cannot be in it");
            if (head_.fields.size() >= limits_.fields_max) return Refusal{431, Code::head_too_large, "fields"};
            begin_ = at_;
            step_ = Step::name;
            return {};
        case Step::name:
            if (c == ':') {
                head_.fields.push_back({slice(begin_, at_), {}});
                step_ = Step::value_start;
                return {};
            }
            if (is(c, token_char)) return {};  // the last one before the limit
            if (c == ' ' || c == '\t') return bad("space before the colon of a field");
            return bad("a field name has a byte that cannot be in it");
        case Step::value_start:
            if (c == ' ' || c == '\t') return {};
            begin_ = at_;
            step_ = Step::value;
            [[fallthrough]];
        case Step::value:
            if (c == '\r') return finish_field(buffer);
            if (c == '\n') return bad("LF without CR");
            if (!is(c, value_char)) return bad("a field value has a control byte");
            return {};
        case Step::end_lf:
            if (c != '\n') return bad("CR without LF");
            return {};
    }
    return {};
}

std::optional<Refusal> HeadParser::take_version(char c) {
    const std::size_t index = at_ - begin_;
    if (index < version_prefix.size()) {
        if (c == version_prefix[index]) return {};
        if (index == 5 && is(c, digit_char)) return Refusal{505, Code::not_implemented, "This version of HTTP"};
        return bad("the request line does not end with HTTP/1.1");
    }
    if (c == '0' || c == '1') {
        head_.minor_version = c - '0';
        step_ = Step::line_cr;
        return {};
    }
    if (is(c, digit_char)) return Refusal{505, Code::not_implemented, "This version of HTTP"};
    return bad("the request line does not end with HTTP/1.1");
}

std::optional<Refusal> HeadParser::finish_field(std::string_view buffer) {
    step_ = Step::value_lf;
    auto& field = head_.fields.back();
    std::size_t end = at_;
    while (end > begin_ && (buffer[end - 1] == ' ' || buffer[end - 1] == '\t')) --end;
    field.value = slice(begin_, end);
    const auto name = field.name.in(buffer);
    const auto value = field.value.in(buffer);
    switch (name.size()) {
        case 4:
            if (!same_name(name, "host")) return {};
            if (head_.host) return bad("there are two Host fields");
            if (!is_authority(value)) return bad("the Host field is no host");
            head_.host = field.value;
            return {};
        case 6:
            if (!same_name(name, "expect")) return {};
            if (same_name(value, "100-continue")) head_.expects_continue = true;
            else bad_expectation_ = true;
            return {};
        case 10:
            if (same_name(name, "connection")) note_connection(value);
            return {};
        case 14:
            if (same_name(name, "content-length")) return note_length(value);
            return {};
        case 17:
            if (same_name(name, "transfer-encoding")) return note_encoding(value);
            return {};
        default:
            return {};
    }
}

std::optional<Refusal> HeadParser::note_length(std::string_view value) {
    if (head_.chunked) return bad("there is a Content-Length beside a Transfer-Encoding");
    if (head_.content_length) return bad("there are two Content-Length fields");
    head_.content_length = parse_length(value);
    if (!head_.content_length) return bad("the Content-Length is no length");
    return {};
}

std::optional<Refusal> HeadParser::note_encoding(std::string_view value) {
    if (head_.minor_version == 0) return bad("HTTP/1.0 has no Transfer-Encoding");
    if (head_.content_length) return bad("there is a Content-Length beside a Transfer-Encoding");
    if (head_.chunked || !same_name(value, "chunked")) return bad("the only Transfer-Encoding is chunked, once");
    head_.chunked = true;
    return {};
}

void HeadParser::note_connection(std::string_view value) {
    split(value, ',', [&](std::string_view token) {
        closes_ = closes_ || same_name(token, "close");
        stays_ = stays_ || same_name(token, "keep-alive");
    });
}

std::optional<Refusal> HeadParser::finish_head() {
    if (head_.minor_version == 1 && !head_.host) return bad("the Host field is missing");
    if (bad_expectation_) return Refusal{417, Code::bad_request, "the only expectation is 100-continue"};
    head_.keep_alive = !closes_ && (head_.minor_version == 1 || stays_);
    if (head_.minor_version == 0) head_.expects_continue = false;
    return {};
}

Parsed parse_head(std::string_view bytes, HeadLimits limits) {
    HeadParser parser{limits};
    const auto state = parser.feed(bytes);
    return {state, parser.head(), parser.refusal()};
}

// --- the target

std::string decode_path(std::string_view raw) {
    const auto refuse = [] { throw Error{Code::invalid_path}; };
    for (std::size_t i = 0; i + 2 < raw.size(); ++i) {
        if (raw[i] != '%') continue;
        const int value = hex_digit(raw[i + 1]) * 16 + hex_digit(raw[i + 2]);
        if (value == '/' || value == '\\' || value == 0) refuse();
    }
    auto path = percent_decode(raw, false);
    if (!path || path->empty() || path->front() != '/') refuse();
    if (path->find('\\') != path->npos || first_invalid_utf8(*path) != std::string_view::npos) refuse();
    for (std::size_t at = 0; at < path->size();) {
        const auto end = std::min(path->find('/', at + 1), path->size());
        const auto segment = std::string_view{*path}.substr(at + 1, end - at - 1);
        const bool last = end == path->size();
        if (segment == "." || segment == ".." || (segment.empty() && !last)) refuse();
        at = end;
    }
    return std::move(*path);
}

namespace {

void decode_query(std::string_view raw, std::vector<std::pair<std::string, std::string>>& out) {
    while (!raw.empty()) {
        const auto end = raw.find('&');
        const auto pair = raw.substr(0, end);
        raw = end == raw.npos ? std::string_view{} : raw.substr(end + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = percent_decode(equals == pair.npos ? std::string_view{} : pair.substr(equals + 1), true);
        if (!name || !value) throw Error{Code::bad_request, {{"why", "a percent escape in the query is broken"}}};
        for (const std::string* text : {&*name, &*value}) {
            if (first_invalid_utf8(*text) == std::string_view::npos && text->find('\0') == text->npos) continue;
            throw Error{Code::bad_request, {{"why", "the query is not UTF-8"}}};
        }
        out.emplace_back(std::move(*name), std::move(*value));
    }
}

/// Splits an absolute target into its authority and the rest; the target wins over the Host field (RFC 9112 3.2.2).
std::string_view take_authority(std::string_view target, std::string& host) {
    const auto scheme = target.find("://");
    const auto name = target.substr(0, scheme == target.npos ? 0 : scheme);
    if (!same_name(name, "http") && !same_name(name, "https")) {
        throw Error{Code::bad_request, {{"why", "the request target is neither a path nor an http address"}}};
    }
    const auto rest = target.substr(scheme + 3);
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    if (!is_authority(rest.substr(0, end))) throw Error{Code::bad_request, {{"why", "the request target has no host"}}};
    host = rest.substr(0, end);
    return rest.substr(end);
}

}  // namespace

Request make_request(const Head& head, std::string_view buffer) {
    Request request;
    request.method = head.method.in(buffer);
    request.target = head.target.in(buffer);
    request.content_length = head.content_length;
    request.chunked = head.chunked;
    if (head.host) request.host = head.host->in(buffer);
    for (const auto& field : head.fields) request.headers.add(field.name.in(buffer), field.value.in(buffer));
    std::string_view target{request.target};
    if (target == "*") {
        if (request.method != "OPTIONS") throw Error{Code::bad_request, {{"why", "only OPTIONS takes the target *"}}};
        request.path = "*";
        return request;
    }
    if (!target.starts_with('/')) target = take_authority(target, request.host);
    const auto question = target.find('?');
    const auto raw_path = target.substr(0, question);
    request.path = raw_path.empty() ? "/" : decode_path(raw_path);
    if (question != target.npos) decode_query(target.substr(question + 1), request.query);
    return request;
}

}  // namespace millrace::http::detail
