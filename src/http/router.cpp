#include "http/router.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "http/detail/text.hpp"

namespace millrace::http {

/// One segment of the tree. The routes that end here stand by method; parameter names belong to the route, since
/// /jobs/{id} and /jobs/{job_id}/start may share a node.
struct Router::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> words;
    std::unique_ptr<Node> parameter;
    std::vector<const Route*> routes;  ///< that end here
    std::vector<const Route*> rest;    ///< that take this segment and all after it
};

namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
    std::vector<std::string_view> segments;
    if (path.empty() || path.front() != '/') return segments;
    path.remove_prefix(1);
    for (;;) {
        const auto end = path.find('/');
        segments.push_back(path.substr(0, end));
        if (end == path.npos) return segments;
        path.remove_prefix(end + 1);
    }
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }
bool is_rest(std::string_view segment) { return is_parameter(segment) && segment.ends_with("...}"); }

void add_route(std::vector<const Route*>& routes, const Route& route) {
    for (const Route* other : routes) {
        if (other->method == route.method) {
            throw std::invalid_argument{"two routes for " + route.method + ' ' + route.pattern};
        }
    }
    routes.push_back(&route);
}

const Route* pick(const std::vector<const Route*>& routes, std::string_view method) {
    const auto by_method = [&](std::string_view name) {
        const auto at = std::ranges::find_if(routes, [&](const Route* r) { return r->method == name; });
        return at == routes.end() ? nullptr : *at;
    };
    if (const Route* route = by_method(method)) return route;
    return method == "HEAD" ? by_method("GET") : nullptr;
}

void collect_methods(const std::vector<const Route*>& routes, std::vector<std::string>& methods) {
    for (const Route* route : routes) {
        methods.push_back(route->method);
        if (route->method == "GET") methods.emplace_back("HEAD");
    }
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_{std::move(routes)}, root_{std::make_unique<Node>()} {
    for (const Route& route : routes_) {
        if (!route.pattern.starts_with('/')) throw std::invalid_argument{"a pattern starts with '/': " + route.pattern};
        Node* node = root_.get();
        const auto segments = segments_of(route.pattern);
        for (const auto segment : segments) {
            if (is_rest(segment)) {
                if (segment.data() != segments.back().data()) {
                    throw std::invalid_argument{"only the last segment takes the rest: " + route.pattern};
                }
                add_route(node->rest, route);
                node = nullptr;
                break;
            }
            auto& next = is_parameter(segment) ? node->parameter : node->words[std::string{segment}];
            if (!next) next = std::make_unique<Node>();
            node = next.get();
        }
        if (node) add_route(node->routes, route);
    }
}

Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

namespace {

void bind_parameters(const Route& route, std::string_view path, std::vector<std::pair<std::string, std::string>>& out) {
    const auto names = segments_of(route.pattern);
    const auto values = segments_of(path);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (is_rest(names[i])) {
            const auto from = static_cast<std::size_t>(values[i].data() - path.data());
            out.emplace_back(names[i].substr(1, names[i].size() - 5), path.substr(from));
        } else if (is_parameter(names[i])) {
            out.emplace_back(names[i].substr(1, names[i].size() - 2), values[i]);
        }
    }
}

}  // namespace

Router::Match Router::match(std::string_view method, std::string_view path) const {
    const auto segments = segments_of(path);
    std::vector<std::string> allowed;
    // Depth first, words before parameters before rests; a branch without the method leaves its methods for Allow.
    const auto search = [&](const auto& self, const Node& node, std::size_t at) -> const Route* {
        if (at == segments.size()) {
            if (const Route* route = pick(node.routes, method)) return route;
            collect_methods(node.routes, allowed);
            return nullptr;
        }
        const auto word = node.words.find(segments[at]);
        if (word != node.words.end()) {
            if (const Route* route = self(self, *word->second, at + 1)) return route;
            // The word is an address of its own: another method of it is not allowed, whatever {id} has.
            if (at + 1 == segments.size() && !word->second->routes.empty()) return nullptr;
        }
        if (node.parameter && !segments[at].empty()) {
            if (const Route* route = self(self, *node.parameter, at + 1)) return route;
        }
        if (const Route* route = pick(node.rest, method)) return route;
        collect_methods(node.rest, allowed);
        return nullptr;
    };
    Match match;
    match.route = segments.empty() ? nullptr : search(search, *root_, 0);
    if (match.route) {
        bind_parameters(*match.route, path, match.params);
        return match;
    }
    if (!allowed.empty()) allowed.emplace_back("OPTIONS");
    std::ranges::sort(allowed);
    allowed.erase(std::ranges::unique(allowed).begin(), allowed.end());
    match.allowed = std::move(allowed);
    return match;
}

}  // namespace millrace::http
