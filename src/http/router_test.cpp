#include "http/router.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace millrace::http;

namespace {

Route route(std::string method, std::string pattern) { return {std::move(method), std::move(pattern), {}}; }

Router router() {
    std::vector<Route> routes{
        route("GET", "/"),           route("GET", "/jobs"),          route("POST", "/jobs"),
        route("GET", "/jobs/active"), route("GET", "/jobs/{id}"),     route("DELETE", "/jobs/{job_id}"),
        route("POST", "/jobs/{id}/cancel"), route("GET", "/{kind}/active/x"), route("GET", "/app/{path...}"),
        route("OPTIONS", "/tus"),    route("HEAD", "/tus"),
    };
    return Router{std::move(routes)};
}

std::string text(const Router::Match& match) {
    std::string out;
    if (match.route) {
        out = match.route->method + ' ' + match.route->pattern;
        for (const auto& [name, value] : match.params) out += ' ' + name + '=' + value;
        return out;
    }
    for (const auto& method : match.allowed) out += (out.empty() ? "" : ",") + method;
    return out;
}

}  // namespace

TEST_CASE("a route is found by method and path") {
    const Router table = router();
    struct Row { const char* method; const char* path; std::string want; };
    for (const Row& row : std::initializer_list<Row>{
             {"GET", "/", "GET /"},
             {"GET", "/jobs", "GET /jobs"},
             {"POST", "/jobs", "POST /jobs"},
             {"GET", "/jobs/active", "GET /jobs/active"},
             {"GET", "/jobs/7", "GET /jobs/{id} id=7"},
             {"DELETE", "/jobs/7", "DELETE /jobs/{job_id} job_id=7"},
             {"DELETE", "/jobs/active", "GET,HEAD,OPTIONS"},
             {"POST", "/jobs/a b/cancel", "POST /jobs/{id}/cancel id=a b"},
             {"GET", "/jobs/active/x", "GET /{kind}/active/x kind=jobs"},
             {"GET", "/app/a/b/c", "GET /app/{path...} path=a/b/c"},
             {"GET", "/app/", "GET /app/{path...} path="},
             {"HEAD", "/jobs", "GET /jobs"},
             {"HEAD", "/tus", "HEAD /tus"},
             {"OPTIONS", "/tus", "OPTIONS /tus"},
             {"PUT", "/jobs", "GET,HEAD,OPTIONS,POST"},
             {"PUT", "/jobs/active", "GET,HEAD,OPTIONS"},
             {"OPTIONS", "/jobs", "GET,HEAD,OPTIONS,POST"},
             {"GET", "/tus", "HEAD,OPTIONS"},
             {"get", "/jobs", "GET,HEAD,OPTIONS,POST"},
             {"GET", "/app", ""},
             {"GET", "/jobs/", ""},
             {"GET", "/jobs/7/cancel/now", ""},
             {"GET", "/JOBS", ""},
             {"GET", "*", ""},
         }) {
        CAPTURE(row.method);
        CAPTURE(row.path);
        CHECK(text(table.match(row.method, row.path)) == row.want);
    }
}

TEST_CASE("a table that would be ambiguous is refused") {
    CHECK_THROWS_AS(Router({route("GET", "/a/{x}"), route("GET", "/a/{y}")}), std::invalid_argument);
    CHECK_THROWS_AS(Router({route("GET", "/a/{x...}/b")}), std::invalid_argument);
    CHECK_THROWS_AS(Router({route("GET", "a")}), std::invalid_argument);
}
