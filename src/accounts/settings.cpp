#include "accounts/settings.hpp"

namespace millrace::accounts {
namespace {

/// An http URL whose host is this machine. What stands before an @ is no host.
bool is_loopback_url(std::string_view url) {
    url.remove_prefix(std::string_view{"http://"}.size());
    const auto authority = url.substr(0, url.find_first_of("/?#\\"));
    if (authority.contains('@')) return false;
    const auto host = authority.starts_with('[') ? authority.substr(0, authority.find(']') + 1) : authority.substr(0, authority.find(':'));
    return host == "127.0.0.1" || host == "localhost" || host == "[::1]";
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> Settings::help() {
    return {
        {"jwt_secret", "Key of HS256 tokens, at least 32 bytes; JWT_SECRET."},
        {"jwks", "File or https URL of the JSON Web Key Set for RS256, ES256 and EdDSA tokens."},
        {"issuer", "Required issuer (iss) of tokens."},
        {"audience", "Tokens must be for one of these (aud)."},
        {"admin_claim", "Claim that makes an administrator."},
        {"admin_value", "Value of that claim, alone or in a list."},
        {"org_claim", "Claim that names the organisation."},
        {"leeway", "By how much clocks may differ."},
        {"jwks_refresh", "How old fetched keys may be."},
        {"session_lifetime", "How long a login in the browser lasts."},
        {"password_threads", "Passwords checked at the same time, 19 MiB each."},
        {"dev", "One user without a token, for this machine only."},
    };
}

void Settings::check(std::vector<Issue>& issues) const {
    if (jwt_secret && jwt_secret->size() < jwt_secret_bytes_min) {
        issues.push_back({"jwt_secret", "too_short",
                          "it has " + std::to_string(jwt_secret->size()) +
                              " bytes and needs at least 32; make one with: openssl rand -base64 48"});
    }
    if (jwks.starts_with("http://") && !is_loopback_url(jwks)) {
        issues.push_back({"jwks", "insecure", "keys fetched without TLS can be replaced on the way; use https or a file"});
    }
    if (leeway < Duration{0} || leeway > 10min) issues.push_back({"leeway", "out_of_range", "it is at most 10m"});
    if (password_threads == 0) issues.push_back({"password_threads", "out_of_range", "it is at least 1"});
}

}  // namespace millrace::accounts
