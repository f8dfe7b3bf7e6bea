#include "api/table.hpp"

#include <charconv>

namespace millrace::api {
namespace {

[[noreturn]] void wrong_parameter(std::string_view name, std::string why) {
    throw Error{Code::invalid_parameter, {{"name", std::string{name}}, {"why", std::move(why)}}};
}

bool is_write(const std::string& method) { return method != "GET" && method != "HEAD" && method != "OPTIONS"; }

/// Who asks, let in by a credential.
accounts::Identity authenticated(Services& services, const http::Request& request, bool write, bool limited) {
    accounts::Identity who;
    try {
        who = services.authenticator.authenticate(request, write);
    } catch (const Error& error) {
        // Guesses count; that the database is away is nobody's fault.
        if (limited && !error.retryable()) services.request_limit.count_address(request);
        throw;
    }
    if (limited) services.request_limit.count(who, request);
    return who;
}

}  // namespace

Scope Call::scope() const {
    Scope scope = who.scope;
    const auto asked = request.query_value("scope");
    if (!asked || *asked == "own") return scope;
    if (*asked != "org" && *asked != "all") wrong_parameter("scope", "expected own, org or all");
    if (!scope.is_admin()) throw Error{Code::forbidden};
    scope.reach = *asked == "org" ? Scope::Reach::org : Scope::Reach::all;
    return scope;
}

Uuid Call::id(std::string_view param) const {
    const auto id = Uuid::parse(request.param(param));
    if (!id) throw Error{Code::not_found};
    return *id;
}

void Table::add(std::string method, std::string pattern, http::Lane lane, Operation operation, Handle handle) {
    const auto described = std::make_shared<const Operation>(std::move(operation));
    operations_.push_back(described);
    const bool write = is_write(method), limited = is_limited(pattern);
    auto handler = [&services = services_, described, write, limited, handle = std::move(handle)](const http::Request& request) {
        accounts::Identity who;
        const bool open = described->access == Access::open ||
                          (described->tag == "system" && described->access == Access::token && services.settings.metrics_open);
        if (!open) who = authenticated(services, request, write, limited);
        else if (limited) services.request_limit.count_address(request);
        if (described->access == Access::admin && !who.scope.is_admin()) throw Error{Code::forbidden};
        Call call{request, who, services, *described};
        return handle(call);
    };
    routes_.push_back({.method = std::move(method), .pattern = std::move(pattern), .handler = std::move(handler),
                       .lane = lane, .description = described.get()});
}

void require_json(const http::Request& request) {
    const auto type = request.content_type();
    if (type.empty() || type == "application/json" || type.ends_with("+json")) return;
    throw Error{Code::unsupported_media_type, {{"type", type}, {"known", "application/json"}}};
}

http::Response problem_of_job(const Error& error, const Uuid& job, const http::Request& request) {
    return http::problem(error, request.language(), {{"job_id", job.str()}});
}

std::int64_t number_of(const http::Request& request, std::string_view name, std::int64_t otherwise, std::int64_t max) {
    const auto text = request.query_value(name);
    if (!text) return otherwise;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < 0 || value > max) {
        wrong_parameter(name, "expected a whole number from 0 to " + std::to_string(max));
    }
    return value;
}

int limit_of(const http::Request& request) {
    const auto limit = number_of(request, "limit", 50, 1000);
    if (limit == 0) wrong_parameter("limit", "expected a whole number from 1 to 1000");
    return static_cast<int>(limit);
}

Duration wait_of(const http::Request& request, Duration otherwise) {
    constexpr std::int64_t longest = 600;
    if (request.query_value("wait")) return std::chrono::seconds{number_of(request, "wait", 0, longest)};
    for (const auto field : request.headers.all("prefer")) {
        std::string prefer{field};
        for (auto& c : prefer) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (prefer.find("respond-async") != prefer.npos) return Duration{0};
        const auto at = prefer.find("wait=");
        if (at == prefer.npos) continue;
        std::int64_t seconds = 0;
        const char* const begin = prefer.data() + at + 5;
        const auto [end, error] = std::from_chars(begin, prefer.data() + prefer.size(), seconds);
        // RFC 7240: a preference that cannot be understood is ignored.
        if (error == std::errc{} && seconds >= 0) return std::chrono::seconds{std::min(seconds, longest)};
    }
    return otherwise;
}

std::optional<std::string> idempotency_key(const http::Request& request) {
    const auto key = request.headers.find("idempotency-key");
    if (!key) return std::nullopt;
    if (key->empty() || key->size() > 255) wrong_parameter("Idempotency-Key", "expected 1 to 255 characters");
    return std::string{*key};
}

Parameter path_id(std::string_view what) {
    return {.name = "id", .in = "path", .description = "Id of the " + std::string{what},
            .schema = json::object{{"type", "string"}, {"format", "uuid"}}, .required = true};
}

Parameter query_limit() {
    return {.name = "limit", .in = "query", .description = "At most this many items",
            .schema = json::object{{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}, {"default", 50}}};
}

Parameter query_cursor() {
    return {.name = "cursor", .in = "query", .description = "next_cursor of the page before"};
}

Parameter query_filter() {
    return {.name = "filter", .in = "query", .description = "Filter, e.g. state:failed created:>2026-01-01"};
}

Parameter query_sort() {
    return {.name = "sort", .in = "query", .description = "Field to sort by, with - in front for descending"};
}

Parameter query_scope() {
    return {.name = "scope", .in = "query", .description = "Whose rows: own, or for administrators org or all",
            .schema = json::object{{"type", "string"}, {"enum", json::array{"own", "org", "all"}}, {"default", "own"}}};
}

Reply reply_error(int status, std::string description) {
    return {.status = status, .description = std::move(description),
            .schema = json::object{{"$ref", "#/components/schemas/Problem"}}, .media_type = "application/problem+json"};
}

}  // namespace millrace::api
