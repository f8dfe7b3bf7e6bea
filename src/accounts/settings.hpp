#pragma once

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace millrace::accounts {

/// Who is let in.
struct Settings {
    std::optional<Secret> jwt_secret;   ///< for HS256, at least 32 bytes; JWT_SECRET
    std::string jwks;                   ///< file or https URL of a JSON Web Key Set
    std::string issuer;                 ///< required `iss`; empty: not looked at
    std::vector<std::string> audience;  ///< one of them must be in `aud`; empty: not looked at
    std::string admin_claim = "role";   ///< the claim that makes an administrator (with "role" also `roles`)
    std::string admin_value = "admin";  ///< its value: the text, or one of a list
    std::string org_claim = "org";      ///< name or UUID of the organisation; without it `default`
    Duration leeway = 60s;              ///< by which clocks may differ
    Duration jwks_refresh = 10min;      ///< how old fetched keys may be
    Duration session_lifetime = std::chrono::days{7};
    std::uint64_t password_threads = 2;  ///< passwords hashed at the same time, 19 MiB each
    bool dev = false;                    ///< one user without a token, from this machine only

    static std::vector<std::pair<std::string_view, std::string_view>> help();
    void check(std::vector<Issue>& issues) const;
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (jwt_secret, jwks, issuer, audience, admin_claim, admin_value, org_claim, leeway, jwks_refresh,
                       session_lifetime, password_threads, dev))

inline constexpr std::size_t jwt_secret_bytes_min = 32;

}  // namespace millrace::accounts
