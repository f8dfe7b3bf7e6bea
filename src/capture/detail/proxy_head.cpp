#include "capture/detail/proxy_head.hpp"

#include <algorithm>
#include <charconv>

#include "http/message.hpp"

namespace millrace::capture::detail {
namespace {

std::string_view take_line(std::string_view& text) {
    const auto end = text.find("\r\n");
    const auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 2);
    return line;
}

bool is_text(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return value;
}

struct Line {
    std::string_view name, value;
};

std::optional<Line> read_field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == line.npos || colon == 0 || !is_text(line) || line.front() == ' ' || line.front() == '\t') return std::nullopt;
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    return Line{line.substr(0, colon), value};
}

/// Is the field about this connection only?
bool is_hop_by_hop(std::string_view name) {
    static constexpr std::string_view names[] = {"connection", "proxy-connection", "keep-alive", "proxy-authorization", "proxy-authenticate", "te", "upgrade"};
    return std::ranges::any_of(names, [&](std::string_view hop) { return http::same_name(hop, name); });
}

/// "example.com:443" as an endpoint.
std::optional<http::Endpoint> endpoint_of(std::string_view scheme, std::string_view authority) {
    auto read = http::read_endpoint(std::string{scheme} + "://" + std::string{authority} + "/");
    if (!read) return std::nullopt;
    return std::move(*read);
}

/// The path of "http://host/path", and the authority before it.
std::optional<std::pair<std::string_view, std::string_view>> split_target(std::string_view target) {
    constexpr std::string_view scheme = "http://";
    if (!target.starts_with(scheme)) return std::nullopt;
    target.remove_prefix(scheme.size());
    const auto slash = target.find_first_of("/?");
    return std::pair{target.substr(0, slash), slash == target.npos ? std::string_view{} : target.substr(slash)};
}

}  // namespace

std::optional<ProxyRequest> read_request(std::string_view head) {
    const auto line = take_line(head);
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == line.npos || first == 0 || last == first || !is_text(line) || line.substr(last + 1) != "HTTP/1.1") return std::nullopt;
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    if (target.empty() || target.find(' ') != target.npos) return std::nullopt;
    ProxyRequest request;
    if (method == "CONNECT") {
        auto endpoint = target.find(':') == target.npos ? std::nullopt : endpoint_of("https", target);
        if (!endpoint) return std::nullopt;
        request.tunnel = true;
        request.endpoint = std::move(*endpoint);
        return request;
    }
    const auto parts = split_target(target);
    auto endpoint = parts ? endpoint_of("http", parts->first) : std::nullopt;
    if (!endpoint) return std::nullopt;
    request.endpoint = std::move(*endpoint);
    request.head.append(method).append(parts->second.starts_with('/') ? " " : " /").append(parts->second).append(" HTTP/1.1\r\n");
    for (;;) {
        const auto text = take_line(head);
        if (text.empty()) break;
        const auto field = read_field(text);
        if (!field || http::same_name(field->name, "transfer-encoding")) return std::nullopt;
        if (http::same_name(field->name, "content-length")) {
            const auto bytes = number(field->value);
            if (!bytes || (request.body_bytes != 0 && *bytes != request.body_bytes)) return std::nullopt;
            request.body_bytes = *bytes;
        }
        if (!is_hop_by_hop(field->name)) request.head.append(text).append("\r\n");
    }
    request.head += "Connection: close\r\n\r\n";
    return request;
}

int status_of(std::string_view head) {
    if (!head.starts_with("HTTP/1.") || head.size() < 12 || head[8] != ' ') return 0;
    return static_cast<int>(number(head.substr(9, 3)).value_or(0));
}

std::optional<std::string> closing_head(std::string_view head) {
    const int status = status_of(head);
    if (status < 100 || status == 101) return std::nullopt;
    if (status < 200) return std::string{head};
    std::string out;
    out.append(take_line(head)).append("\r\n");
    for (;;) {
        const auto text = take_line(head);
        if (text.empty()) break;
        const auto colon = text.find(':');
        if (colon == text.npos || !is_hop_by_hop(text.substr(0, colon))) out.append(text).append("\r\n");
    }
    out += "Connection: close\r\n\r\n";
    return out;
}

}  // namespace millrace::capture::detail
