#include "api/pages.hpp"

#include <algorithm>
#include <map>

#include "base/embedded.hpp"

namespace millrace {

/// Made at build time by tools/embed_ui.mjs; empty when the dashboard was not built.
std::span<const Embedded> dashboard();

}  // namespace millrace

namespace millrace::api {
namespace {

constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors ";

constexpr std::string_view without_dashboard =
    "This millrace was built without its dashboard (node 20.19 or newer and npm were not to be had at build time). "
    "The API is all there: see /openapi.json and README.md.\n";

const std::map<std::string_view, std::string_view>& files() {
    static const auto all = [] {
        std::map<std::string_view, std::string_view> map;
        for (const auto& file : dashboard()) map.emplace(file.name, file.text);
        return map;
    }();
    return all;
}

std::string_view type_of(std::string_view name) {
    static const std::map<std::string_view, std::string_view> types{
        {"html", "text/html; charset=utf-8"}, {"js", "text/javascript; charset=utf-8"}, {"css", "text/css; charset=utf-8"},
        {"svg", "image/svg+xml"},             {"json", "application/json"},             {"webmanifest", "application/manifest+json"},
        {"png", "image/png"},                 {"woff2", "font/woff2"},                  {"txt", "text/plain; charset=utf-8"}};
    const auto it = types.find(name.substr(name.rfind('.') + 1));
    return it == types.end() ? "application/octet-stream" : it->second;
}

void secure(http::Response& response, std::string_view ancestors) {
    response.headers.set("Content-Security-Policy", std::string{policy} + std::string{ancestors});
    response.headers.set("Referrer-Policy", "no-referrer");
}

/// Relative addresses in a page start from its <base>, so that it works below any path of a proxy.
http::Response page(std::string_view html, std::string_view path, std::string_view ancestors) {
    constexpr std::string_view mark = "<head>";
    http::Response response{.status = 200};
    response.body = html;
    const auto at = response.body.find(mark);
    if (at != response.body.npos) response.body.insert(at + mark.size(), "<base href=\"" + way_home(path) + "\">");
    response.headers.set("Content-Type", type_of(".html"));
    response.headers.set("Cache-Control", "no-cache");
    secure(response, ancestors);
    return response;
}

/// Files below assets/ are named after their content.
http::Response asset(std::string_view name, std::string_view content, const http::Request& request) {
    http::Response response{.status = 200};
    response.headers.set("Content-Type", type_of(name));
    response.headers.set("Cache-Control", name.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    response.headers.set("Vary", "Accept-Encoding");
    secure(response, "'self'");
    const auto packed = files().find(std::string{name} + ".gz");
    if (packed != files().end() && request.headers.get("accept-encoding").find("gzip") != std::string_view::npos) {
        response.headers.set("Content-Encoding", "gzip");
        content = packed->second;
    }
    response.body = content;
    return response;
}

http::Response home(const http::Request&) {
    auto response = http::Response::empty(302);
    response.headers.set("Location", "ui/");  // relative: what stands in front of it outside is not known here
    return response;
}

http::Begun serve(const http::Request& request) {
    if (files().empty()) return http::Response::text(404, std::string{without_dashboard});
    const auto name = request.param("path");
    if (name == "widget") return page(files().at("widget.html"), request.path, "*");
    const auto file = files().find(name);
    if (file != files().end() && !name.ends_with(".html") && !name.ends_with(".gz")) return asset(name, file->second, request);
    // A view of the dashboard: its own script knows which ones there are.
    if (name.starts_with("assets/") || name.ends_with(".html")) throw Error{Code::not_found};
    return page(files().at("index.html"), request.path, "'self'");
}

}  // namespace

std::string way_home(std::string_view path) {
    const auto deeper = std::ranges::count(path, '/') - 2;
    if (deeper <= 0) return "./";
    std::string way;
    for (auto i = deeper; i > 0; --i) way += "../";
    return way;
}

void add_pages(std::vector<http::Route>& routes) {
    routes.push_back({.method = "GET", .pattern = "/", .handler = home, .inline_ = true});
    routes.push_back({.method = "GET", .pattern = "/ui", .handler = home, .inline_ = true});
    routes.push_back({.method = "GET", .pattern = "/ui/{path...}", .handler = serve});
}

}  // namespace millrace::api
