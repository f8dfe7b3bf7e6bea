#pragma once

#include <memory>

#include "accounts/authenticator.hpp"
#include "api/services.hpp"
#include "http/router.hpp"

namespace millrace::api {

/// Who may call: anybody, whoever has a token, administrators.
enum class Access { open, token, admin };

struct Parameter {
    std::string name;
    std::string in;  ///< "path", "query" or "header"
    std::string description;
    json::value schema = json::object{{"type", "string"}};
    bool required = false;
};

struct Body {
    std::string media_type = "application/json";
    json::value schema;
    json::value example;  ///< null: none that could be executed by itself
    bool required = true;
};

struct Reply {
    int status = 200;
    std::string description;
    json::value schema;  ///< null: no body or not JSON
    std::string media_type = "application/json";
};

/// What OpenAPI says of a route; the table of these is the API.
struct Operation {
    std::string id;  ///< operationId
    std::string summary;
    std::string tag;
    Access access = Access::token;
    std::vector<Parameter> parameters;
    std::optional<Body> body;
    std::vector<Reply> replies;
};

/// One request on its way through a handler: what came, who asks, and what there is to work with.
struct Call {
    const http::Request& request;
    const accounts::Identity& who;
    Services& services;
    const Operation& operation;
    std::string_view body{};  ///< as it came, for handlers of JSON

    /// How far the caller looks: own rows, or by `?scope=org|all` more, as the role allows. Throws Error{forbidden}.
    Scope scope() const;
    /// The id in the path. A word that is no id is answered like an unknown id: Error{not_found}.
    Uuid id(std::string_view param = "id") const;
    std::string language() const { return std::string{request.language()}; }
};

using Handle = std::function<http::Begun(Call&)>;

/// Is it counted by RequestLimit? Health, metrics, this document and pages are not.
inline bool is_limited(std::string_view pattern) { return pattern.starts_with("/api/"); }

/// Collects the routes. Wraps each handler: authentication and the limit of requests first, then the handler.
class Table {
public:
    explicit Table(Services& services) : services_{services} {}

    void add(std::string method, std::string pattern, http::Lane lane, Operation operation, Handle handle);

    const std::vector<std::shared_ptr<const Operation>>& operations() const { return operations_; }
    /// In the order of operations().
    const std::vector<http::Route>& all_routes() const { return routes_; }
    std::vector<http::Route> take_routes() { return std::move(routes_); }

private:
    Services& services_;
    std::vector<std::shared_ptr<const Operation>> operations_;
    std::vector<http::Route> routes_;
};

/// What becomes of fields of a body that nobody knows.
enum class Unknown { refused, ignored };

/// A handler whose body is JSON of type T: read, checked with all problems reported, then `then(call, value)`.
/// No body at all counts as `{}` where the operation says that it is not required.
template <class T>
http::Begun with_json(Call& call, std::function<http::Answer(Call&, T)> then, std::size_t bytes_max = 1 << 20, Unknown unknown = Unknown::refused);

/// The problem with the job it belongs to.
http::Response problem_of_job(const Error& error, const Uuid& job, const http::Request& request);

/// Query parameters read strictly; Error{invalid_parameter} names the one that is wrong.
int limit_of(const http::Request& request);
std::int64_t number_of(const http::Request& request, std::string_view name, std::int64_t otherwise, std::int64_t max);
/// `?wait=` or `Prefer: wait=`, in seconds, at most ten minutes.
Duration wait_of(const http::Request& request, Duration otherwise);

/// The Idempotency-Key, checked.
std::optional<std::string> idempotency_key(const http::Request& request);

/// Parameters that several routes share.
Parameter path_id(std::string_view what);
Parameter query_limit();
Parameter query_cursor();
Parameter query_filter();
Parameter query_sort();
Parameter query_scope();

/// Replies that several routes share.
Reply reply_error(int status, std::string description);

}  // namespace millrace::api

#include "api/detail/with_json.hpp"
