#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/json.hpp"
#include "cli/arguments.hpp"
#include "http/client.hpp"

namespace millrace::cli {

/// Where the server is and who asks.
struct Endpoint {
    std::string url;  ///< without a slash at the end
    std::string token;
};

/// --server, MILLRACE_URL, the server that runs on the data directory, 127.0.0.1:8000; --token, MILLRACE_TOKEN,
/// MILLRACE_TOKEN_FILE. Throws Error{usage} for a URL that is none, Error{invalid_config}.
Endpoint find_server(const Arguments& arguments);

/// The API of a running server. Every call throws what the server refused as the Error it names, in the language of
/// this terminal, and Error{unreachable | timed_out | interrupted}. One thread at a time.
class Remote {
public:
    explicit Remote(Endpoint endpoint, std::stop_token stop = {});

    /// Paths start with "/" and may have a query.
    json::value get(const std::string& path);
    json::value post(const std::string& path, const json::value& body = nullptr);
    json::value patch(const std::string& path, const json::value& body);
    json::value put(const std::string& path, const json::value& body);
    json::value remove(const std::string& path);

    /// A request with our head, of any kind; its answer as it is.
    http::ClientResponse send(http::ClientRequest request, const std::string& path);
    /// The error that an answer of 400 or more stands for.
    static Error error_of(const http::ClientResponse& response);

    const Endpoint& endpoint() const { return endpoint_; }
    const std::stop_token& stop() const { return stop_; }

private:
    json::value call(std::string method, const std::string& path, const json::value* body);

    Endpoint endpoint_;
    std::stop_token stop_;
    http::Client client_;
};

}  // namespace millrace::cli
