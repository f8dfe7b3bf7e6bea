#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "http/address_policy.hpp"

namespace millrace::webhooks {

/// Tells a user at once that a URL will not be called. A courtesy: what counts is the judgement of every connection.
/// Thread-safe.
class UrlCheck {
public:
    explicit UrlCheck(const http::AddressPolicy& policy) : policy_{policy} {}

    /// Why the URL is refused; empty when it is taken. Looks the name up for at most two seconds; a name that cannot be
    /// looked up now is taken when it is called by https. Of many at the same time only some are looked up, so that slow
    /// names hold up few threads.
    std::string refusal(std::string_view url);

private:
    std::string looked_up(const http::Endpoint& endpoint);

    const http::AddressPolicy& policy_;
    std::atomic<int> lookups_ = 0;
};

}  // namespace millrace::webhooks
