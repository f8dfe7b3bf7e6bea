#include "webhooks/url_check.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "http/client.hpp"

namespace millrace::webhooks {
namespace {

constexpr int lookups_max = 2;
constexpr Duration lookup_time = 2s;

}  // namespace

std::string UrlCheck::refusal(std::string_view url) {
    const auto endpoint = http::read_endpoint(url);
    if (!endpoint) return endpoint.error();
    if (auto why = policy_.refusal(*endpoint); !why.empty() || endpoint->literal) return why;
    struct Slot {
        std::atomic<int>& count;
        const bool free = count.fetch_add(1) < lookups_max;
        ~Slot() { --count; }
    };
    const Slot slot{lookups_};
    return slot.free ? looked_up(*endpoint) : std::string{};
}

/// No connection is opened: every address is refused once it has been judged. The name is looked up without a final dot:
/// "localhost." stands in no /etc/hosts, but other resolvers know what it means.
std::string UrlCheck::looked_up(const http::Endpoint& endpoint) {
    std::string why;
    bool found = false;
    http::ClientRequest request;
    request.url = fmt::format("{}://{}:{}/", endpoint.https ? "https" : "http", endpoint.host, endpoint.port);
    request.deadline = in(lookup_time);
    request.judge_address = [&](std::string_view text) -> std::string {
        const auto address = http::IpAddress::parse(text);
        if (!address) return "no address";
        found = true;
        if (why.empty()) why = policy_.refusal(endpoint, *address);
        return "only looked up";
    };
    try {
        http::Client{}.send(request);
    } catch (const Error&) {
        // Always: the name is unknown, or its addresses were refused.
    }
    if (!found && !endpoint.https) return "https is required";
    return why;
}

}  // namespace millrace::webhooks
