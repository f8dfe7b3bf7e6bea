#include "accounts/authenticator.hpp"
#include "http/message.hpp"

namespace millrace::accounts {
namespace {

bool is_loopback_address(std::string_view address) {
    return address.starts_with("127.") || address == "::1" || address == "[::1]" || address.starts_with("::ffff:127.");
}

std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, host.find(']') == host.npos ? host.size() : host.find(']') + 1);
    return host.substr(0, host.find(':'));
}

}  // namespace

Identity Authenticator::authenticate(const http::Request& request, bool write) {
    const auto authorizations = request.headers.all("authorization");
    const bool stream = !write && (request.path.ends_with("/stream") || request.path.ends_with("/ws"));
    return authenticate(Credentials{
        .authorization = authorizations.empty() ? std::string_view{} : authorizations.front(),
        .ambiguous = authorizations.size() > 1 || (authorizations.size() == 1 && authorizations.front().empty()),
        .api_key = request.headers.get("x-api-key"),
        .session = request.cookie(session_cookie).value_or(""),
        .csrf = request.headers.get("x-csrf-token"),
        .ticket = stream ? request.query_value("ticket").value_or("") : "",
        .host = without_port(request.host),
        .origin = request.headers.get("origin"),
        .from_loopback = is_loopback_address(request.remote),
        .write = write,
    });
}

}  // namespace millrace::accounts
