#include "api/openapi.hpp"

#include <boost/json/string.hpp>

namespace millrace::api {
namespace {

json::object problem_schema() {
    const auto text = json::object{{"type", "string"}};
    const json::object issue{{"type", "object"}, {"properties", {{"pointer", text}, {"code", text}, {"detail", text}}}};
    return {{"type", "object"},
            {"required", json::array{"type", "title", "status", "detail", "code"}},
            {"properties",
             {{"type", text},
              {"title", text},
              {"status", {{"type", "integer"}}},
              {"detail", text},
              {"code", text},
              {"errors", {{"type", "array"}, {"items", issue}}},
              {"job_id", {{"type", "string"}, {"format", "uuid"}}}}}};
}

json::object describe(const Parameter& parameter) {
    return {{"name", parameter.name},
            {"in", parameter.in},
            {"description", parameter.description},
            {"required", parameter.required},
            {"schema", parameter.schema}};
}

json::object describe(const Body& body) {
    json::object content{{"schema", body.schema}};
    if (!body.example.is_null()) content.emplace("example", body.example);
    return {{"required", body.required}, {"content", {{body.media_type, std::move(content)}}}};
}

json::object describe(const Reply& reply) {
    json::object out{{"description", reply.description}};
    if (!reply.schema.is_null()) {
        out.emplace("content", json::object{{reply.media_type, {{"schema", reply.schema}}}});
    } else if (reply.media_type != "application/json") {
        out.emplace("content", json::object{{reply.media_type, json::object{}}});
    }
    return out;
}

/// The limit of requests, once for all routes that it counts.
json::object limit_headers() {
    const auto header = [](std::string_view description, std::string_view type, json::value example) {
        return json::object{{"description", description}, {"schema", {{"type", type}}}, {"example", std::move(example)}};
    };
    return {{"RateLimit", header("Requests left (r) and seconds until all are there again (t). With every answer of a route of /api "
                                 "while the server has a limit (api.requests_per_minute)", "string", R"("default";r=599;t=1)")},
            {"RateLimit-Policy", header("Requests at once (q) and seconds in which as many come back (w). With RateLimit",
                                        "string", R"("default";q=600;w=60)")},
            {"Retry-After", header("Seconds after which to try again", "integer", 1)}};
}

json::object too_many_requests() {
    json::object headers;
    for (const auto& [name, header] : limit_headers()) {
        headers.emplace(name, json::object{{"$ref", "#/components/headers/" + std::string{name}}});
    }
    auto reply = describe(reply_error(429, "Too many requests, or too many streams at once; nothing was done"));
    reply.emplace("headers", std::move(headers));
    return reply;
}

json::object describe(const Operation& operation, bool limited) {
    json::array parameters;
    for (const auto& parameter : operation.parameters) parameters.push_back(describe(parameter));
    json::object replies;
    for (const auto& reply : operation.replies) replies.emplace(std::to_string(reply.status), describe(reply));
    if (operation.access != Access::open && !replies.contains("401")) {
        replies.emplace("401", describe(reply_error(401, "No valid token, API key or session")));
    }
    if (operation.access == Access::admin && !replies.contains("403")) {
        replies.emplace("403", describe(reply_error(403, "Only for administrators")));
    }
    if (limited) replies.emplace("429", json::object{{"$ref", "#/components/responses/TooManyRequests"}});
    json::object out{{"operationId", operation.id},
                     {"summary", operation.summary},
                     {"tags", json::array{operation.tag}},
                     {"parameters", std::move(parameters)},
                     {"responses", std::move(replies)}};
    if (operation.body) out.emplace("requestBody", describe(*operation.body));
    out.emplace("security", operation.access == Access::open
                                ? json::array{}
                                : json::array{json::object{{"bearer", json::array{}}}, json::object{{"session", json::array{}}}});
    return out;
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

}  // namespace

json::value openapi(const Table& table, std::string_view version) {
    json::object paths;
    for (std::size_t i = 0; i < table.operations().size(); ++i) {
        const auto& route = table.all_routes()[i];
        auto& path = paths[route.pattern];
        if (!path.is_object()) path = json::object{};
        path.as_object().emplace(lower(route.method), describe(*table.operations()[i], is_limited(route.pattern)));
    }
    return json::object{
        {"openapi", "3.1.0"},
        {"info", {{"title", "millrace"}, {"version", version}, {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}},
                  {"description", "Takes in data files, processes them in durable background jobs, and shows every step live."}}},
        {"paths", std::move(paths)},
        {"components",
         {{"schemas", {{"Problem", problem_schema()}}},
          {"headers", limit_headers()},
          {"responses", {{"TooManyRequests", too_many_requests()}}},
          {"securitySchemes",
           {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"description", "A JWT or an API key (mr_...)"}}},
            {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "millrace_session"}}}}}}}};
}

}  // namespace millrace::api
