#include "blobs/s3/detail/sigv4.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/hash.hpp"
#include "http/client.hpp"

namespace millrace::blobs::s3::sigv4 {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

/// "20130524T000000Z"
std::string basic_time(Instant at) {
    std::string out;
    for (const char c : to_rfc3339(at).substr(0, 19)) {
        if (c != '-' && c != ':') out += c;
    }
    return out + 'Z';
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
    }
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// What is signed of the headers: their lines, and their names.
struct Fields {
    std::string lines;
    std::string names;
};

Fields fields_of(const Request& request) {
    std::map<std::string, std::string> sorted{{"host", request.host}};
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
        const auto [name, value] = request.headers[i];
        sorted[lower(name)] = trimmed(value);
    }
    Fields out;
    for (const auto& [name, value] : sorted) {
        out.lines += name + ':' + value + '\n';
        out.names += (out.names.empty() ? "" : ";") + name;
    }
    return out;
}

std::string scope_of(const Key& key, std::string_view time) { return fmt::format("{}/{}/s3/aws4_request", time.substr(0, 8), key.region); }

std::string signature(const Request& request, const Fields& fields, const Key& key, const std::string& time) {
    const auto canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path, encoded(request.query), fields.lines, fields.names, request.payload_sha256);
    const auto text = fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope_of(key, time), to_hex(sha256(canonical)));
    auto derived = hmac_sha256("AWS4" + key.secret_key.expose(), time.substr(0, 8));
    for (const std::string_view word : {std::string_view{key.region}, std::string_view{"s3"}, std::string_view{"aws4_request"}}) derived = hmac_sha256(derived, word);
    return to_hex(hmac_sha256(derived, text));
}

}  // namespace

std::string encoded_path(std::string_view path) {
    std::string out;
    while (true) {
        const auto slash = path.find('/');
        out += http::encode_segment(path.substr(0, slash));
        if (slash == path.npos) return out;
        out += '/';
        path.remove_prefix(slash + 1);
    }
}

std::string encoded(const Query& query) {
    std::vector<std::string> parts;
    for (const auto& [name, value] : query) parts.push_back(http::encode_segment(name) + '=' + http::encode_segment(value));
    std::ranges::sort(parts);
    return fmt::format("{}", fmt::join(parts, "&"));
}

void sign(Request& request, const Key& key, Instant now) {
    const auto time = basic_time(now);
    request.headers.set("x-amz-date", time);
    request.headers.set("x-amz-content-sha256", request.payload_sha256);
    if (!key.session_token.empty()) request.headers.set("x-amz-security-token", key.session_token.expose());
    const auto fields = fields_of(request);
    request.headers.set("Authorization", fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", algorithm, key.access_key, scope_of(key, time), fields.names,
                                                     signature(request, fields, key, time)));
}

std::string presign(Request request, const Key& key, Instant now, std::chrono::seconds expires) {
    const auto time = basic_time(now);
    const auto fields = fields_of(request);
    request.payload_sha256 = "UNSIGNED-PAYLOAD";
    request.query.emplace_back("X-Amz-Algorithm", algorithm);
    request.query.emplace_back("X-Amz-Credential", key.access_key + '/' + scope_of(key, time));
    request.query.emplace_back("X-Amz-Date", time);
    request.query.emplace_back("X-Amz-Expires", std::to_string(expires.count()));
    if (!key.session_token.empty()) request.query.emplace_back("X-Amz-Security-Token", key.session_token.expose());
    request.query.emplace_back("X-Amz-SignedHeaders", fields.names);
    return encoded(request.query) + "&X-Amz-Signature=" + signature(request, fields, key, time);
}

}  // namespace millrace::blobs::s3::sigv4
