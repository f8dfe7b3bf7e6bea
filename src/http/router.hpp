#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace millrace::http {

/// Which threads run a handler: short reads, commits (many threads, they mostly wait for the same fsync), or files
/// (bodies, downloads, hashing).
enum class Lane { reads, commits, files };

/// One method of one address. A table of these is the API.
struct Route {
    std::string method;
    /// "/api/v2/jobs/{id}/cancel": a segment is a word or one `{name}`; a last segment `{name...}` takes the rest.
    std::string pattern;
    Handler handler;
    Lane lane = Lane::reads;
    bool inline_ = false;  ///< run on the io thread: only for handlers that touch nothing but memory
    const void* description = nullptr;  ///< for the owner of the table, e.g. what OpenAPI says about it
};

/// Finds the route of a method and a path. A word wins over a parameter, a parameter over a rest.
class Router {
public:
    /// Throws std::invalid_argument for a bad pattern or two routes with the same method and shape.
    explicit Router(std::vector<Route> routes);
    ~Router();
    Router(Router&&) noexcept;

    struct Match {
        const Route* route = nullptr;      ///< HEAD finds GET where it has no route of its own
        std::vector<std::string> allowed;  ///< when `route` is null: methods of this address; empty means 404
        std::vector<std::pair<std::string, std::string>> params;
    };
    Match match(std::string_view method, std::string_view path) const;
    const std::vector<Route>& routes() const { return routes_; }

private:
    struct Node;
    std::vector<Route> routes_;
    std::unique_ptr<Node> root_;
};

}  // namespace millrace::http
