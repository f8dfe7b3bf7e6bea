#include "http/message.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/describe.hpp"
#include "base/messages/messages.hpp"
#include "http/detail/text.hpp"

namespace millrace::http {

using detail::lower;

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

// --- Headers

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (std::size_t i = 0; i < size(); ++i) {
        if (const auto field = (*this)[i]; same_name(field.name, name)) return field.value;
    }
    return std::nullopt;
}

std::string_view Headers::get(std::string_view name, std::string_view otherwise) const {
    return find(name).value_or(otherwise);
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (std::size_t i = 0; i < size(); ++i) {
        if (const auto field = (*this)[i]; same_name(field.name, name)) values.push_back(field.value);
    }
    return values;
}

void Headers::add(std::string_view name, std::string_view value) {
    const auto at = static_cast<std::uint32_t>(text_.size());
    const auto name_size = static_cast<std::uint32_t>(name.size());
    text_ += name;
    text_ += value;
    places_.push_back({at, name_size, at + name_size, static_cast<std::uint32_t>(value.size())});
}

void Headers::set(std::string_view name, std::string_view value) {
    const std::string copy{value};  // `value` may be a view of this very text
    remove(name);
    add(name, copy);
}

void Headers::remove(std::string_view name) {
    std::erase_if(places_, [&](const Place& p) {
        return same_name(std::string_view{text_}.substr(p.name_at, p.name_size), name);
    });
}

void Headers::clear() {
    text_.clear();
    places_.clear();
}

Headers::Field Headers::operator[](std::size_t index) const {
    const Place& p = places_[index];
    const std::string_view text{text_};
    return {text.substr(p.name_at, p.name_size), text.substr(p.value_at, p.value_size)};
}

// --- Request

std::string_view Request::param(std::string_view name) const {
    for (const auto& [key, value] : params) {
        if (key == name) return value;
    }
    return {};
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::optional<std::string_view> Request::cookie(std::string_view name) const {
    std::optional<std::string_view> found;
    for (const auto line : headers.all("cookie")) {
        detail::split(line, ';', [&](std::string_view pair) {
            const auto equals = pair.find('=');
            if (found || equals == pair.npos || pair.substr(0, equals) != name) return;
            auto value = pair.substr(equals + 1);
            if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
            found = value;
        });
    }
    return found;
}

std::string_view Request::language() const {
    std::string_view best = "en";
    double best_weight = 0;
    detail::split(headers.get("accept-language"), ',', [&](std::string_view item) {
        const auto tag = detail::trim(item.substr(0, item.find(';')));
        const auto primary = tag.substr(0, tag.find('-'));
        double weight = 1;
        if (const auto q = detail::header_parameter(item, "q")) weight = q->starts_with('0') ? std::atof(q->c_str()) : 1;
        for (const MessageTable& table : message_tables()) {
            if (same_name(table.language, primary) && weight > best_weight) {
                best = table.language;
                best_weight = weight;
            }
        }
    });
    return best;
}

std::string Request::content_type() const {
    const auto value = headers.get("content-type");
    std::string type{detail::trim(value.substr(0, value.find(';')))};
    std::ranges::transform(type, type.begin(), lower);
    return type;
}

// --- Response

Response Response::json(int status, std::string body) {
    Response response{.status = status, .body = std::move(body)};
    response.headers.add("Content-Type", "application/json");
    return response;
}

Response Response::text(int status, std::string body) {
    Response response{.status = status, .body = std::move(body)};
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    return response;
}

namespace {

bool is_public_argument(std::string_view name) {
    return name == "job_id" || name == "dataset_id" || name == "existing_dataset_id" || name == "upload_id";
}

void add_member(std::string& out, std::string_view name, std::string_view value) {
    out += ',';
    json::append_string(out, name);
    out += ':';
    json::append_string(out, value);
}

void add_problem_headers(const Error& error, int status, Headers& headers) {
    if (status == 401) headers.add("WWW-Authenticate", "Bearer");
    if (status == 405 && error.arg("allowed")) headers.add("Allow", *error.arg("allowed"));
    if (status == 429 || status == 503) headers.add("Retry-After", error.arg("seconds") ? *error.arg("seconds") : "1");
    if (status == 416 && error.arg("size")) headers.add("Content-Range", "bytes */" + *error.arg("size"));
}

}  // namespace

Response problem(const Error& error, std::string_view language, const Extras& extras) {
    const int status = http_status(error.code());
    const std::string code{to_string(error.code())};
    Response response{.status = status};
    auto& out = response.body;
    out = R"({"type":"urn:millrace:problem:)" + code + R"(","title":)";
    json::append_string(out, reason_phrase(status));
    out += fmt::format(R"(,"status":{})", status);
    add_member(out, "detail", error.message(language));
    add_member(out, "code", code);
    if (!error.issues.empty()) {
        out += R"(,"errors":[)";
        for (std::size_t i = 0; i < error.issues.size(); ++i) {
            const Issue& issue = error.issues[i];
            out += i == 0 ? R"({"pointer":)" : R"(,{"pointer":)";
            json::append_string(out, issue.pointer);
            add_member(out, "code", issue.code);
            add_member(out, "detail", issue.detail);
            out += '}';
        }
        out += ']';
    }
    for (const auto& [name, value] : error.args()) {
        const bool given = std::ranges::any_of(extras, [&](const auto& extra) { return extra.first == name; });
        if (is_public_argument(name) && !value.empty() && !given) add_member(out, name, value);
    }
    for (const auto& [name, value] : extras) add_member(out, name, value);
    out += '}';
    response.headers.add("Content-Type", "application/problem+json");
    response.headers.add("Content-Language", language);
    add_problem_headers(error, status, response.headers);
    return response;
}

std::string content_disposition(std::string_view filename) {
    std::string plain;
    bool exact = true;
    for (const char c : filename) {
        const bool good = c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '/' && c != '%';
        plain += good ? c : '_';
        exact = exact && good;
    }
    std::string out = "attachment; filename=\"" + plain + '"';
    if (!exact) out += "; filename*=UTF-8''" + detail::percent_encode(filename);
    return out;
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 207: return "Multi-Status";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 422: return "Unprocessable Content";
        case 423: return "Locked";
        case 426: return "Upgrade Required";
        case 428: return "Precondition Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 460: return "Checksum Mismatch";  // tus
        case 499: return "Client Closed Request";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        case 507: return "Insufficient Storage";
        default: return "Status";
    }
}

// --- collect

namespace {

class Collector final : public BodySink {
public:
    Collector(std::size_t bytes_max, std::function<Answer(std::string)> then)
        : bytes_max_{bytes_max}, then_{std::move(then)} {}

    void write(std::span<const char> block) override {
        if (block.size() > bytes_max_ - body_.size()) {
            throw Error{Code::payload_too_large, {{"limit", std::to_string(bytes_max_)}}};
        }
        body_.append(block.data(), block.size());
    }
    Answer finish() override { return then_(std::move(body_)); }
    void abort(const Error&) noexcept override {}

private:
    const std::size_t bytes_max_;
    const std::function<Answer(std::string)> then_;
    std::string body_;
};

}  // namespace

std::unique_ptr<BodySink> collect(const Request& request, std::size_t bytes_max, std::function<Answer(std::string)> then) {
    if (request.content_length.value_or(0) > bytes_max) {
        throw Error{Code::payload_too_large, {{"limit", std::to_string(bytes_max)}}};
    }
    return std::make_unique<Collector>(bytes_max, std::move(then));
}

}  // namespace millrace::http
