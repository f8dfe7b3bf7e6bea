#include "api/system.hpp"

namespace millrace::api {
namespace {

struct Health {
    std::string status;
};
BOOST_DESCRIBE_STRUCT(Health, (), (status))

}  // namespace

void add_system(Table& table) {
    table.add("GET", "/healthz", http::Lane::reads,
              {.id = "health", .summary = "The process lives", .tag = "system", .access = Access::open,
               .replies = {{200, "Alive", json_schema<Health>()}}},
              [](Call&) { return http::Response::json(200, to_json(Health{"ok"})); });
    table.add("GET", "/readyz", http::Lane::reads,
              {.id = "ready", .summary = "Requests may be sent here", .tag = "system", .access = Access::open,
               .replies = {{200, "Ready", json_schema<Health>()}, {503, "Starting, stopping or without its database", json_schema<Health>()}}},
              [](Call& call) {
                  const bool ready = call.services.ready();
                  return http::Response::json(ready ? 200 : 503, to_json(Health{ready ? "ready" : "not_ready"}));
              });
    table.add("GET", "/metrics", http::Lane::reads,
              {.id = "metrics", .summary = "Metrics in the Prometheus text format", .tag = "system",
               .replies = {{200, "Metrics", nullptr, "text/plain"}}},
              [](Call& call) {
                  auto response = http::Response::text(200, call.services.metrics.text());
                  response.headers.set("Content-Type", observe::Metrics::content_type);
                  return response;
              });
    table.add("GET", "/openapi.json", http::Lane::reads,
              {.id = "openapi", .summary = "This document", .tag = "system",
               .replies = {{200, "OpenAPI 3.1", json::object{{"type", "object"}}}}},
              [](Call& call) { return http::Response::json(200, json::serialize(call.services.openapi)); });
}

}  // namespace millrace::api
