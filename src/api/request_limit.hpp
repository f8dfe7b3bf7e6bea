#pragma once

#include <string>

#include "accounts/authenticator.hpp"
#include "base/rate_limit.hpp"
#include "http/message.hpp"

namespace millrace::api {

struct Settings;

/// How often each caller may ask, see Settings::requests_per_minute: an API key, else a user, else (nobody has been let
/// in) the address. Per process. Thread-safe.
class RequestLimit {
public:
    explicit RequestLimit(const Settings& settings);

    /// Counts a request and gives its answer `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
    /// Throws Error{too_many_requests} with the seconds to wait. Without a limit nothing happens.
    void count(const accounts::Identity& who, const http::Request& request);
    /// The same for a request of nobody.
    void count_address(const http::Request& request);

private:
    void count(std::uint64_t caller, const http::Request& request);

    RateLimit limit_;
    const std::string policy_;
};

}  // namespace millrace::api
