#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "accounts/settings.hpp"
#include "base/json.hpp"
#include "base/scope.hpp"

/// JSON Web Tokens, strictly: RFC 7519, with the advice of RFC 8725. The key decides the algorithm, never the token.
namespace millrace::accounts {

/// What a verified token says.
struct Claims {
    std::string subject;
    std::string name;   ///< `name`, else `preferred_username`; may be empty
    std::string email;  ///< may be empty
    std::string org;    ///< of the org claim; empty: default
    bool admin = false;
    Instant expires{};  ///< `exp` plus the leeway
};

/// Fetches the text of a URL; throws Error. app gives the HTTP client with its address policy.
using Fetch = std::function<std::string(const std::string& url)>;

/// Verifies tokens against one secret (HS256) and a key set (RS256, ES256, EdDSA), which is read again when it has aged
/// or a token names an unknown key (at most twice a minute). Verified tokens are remembered until they expire, at
/// most 10,000, so a repeated one costs one hash. Safe from any thread.
class JwtVerifier {
public:
    /// Reads the key set. Throws Error{invalid_config} for a short secret, or a key set that cannot be read and has no
    /// usable key; a URL that does not answer at the start is tried again later.
    JwtVerifier(const Settings& settings, const Clock& clock, Fetch fetch = {});
    ~JwtVerifier();
    JwtVerifier(const JwtVerifier&) = delete;
    JwtVerifier& operator=(const JwtVerifier&) = delete;

    /// The claims, or why not: a constant text for the log and the tests. The client learns only Error{unauthorized}.
    std::expected<Claims, std::string_view> verify(std::string_view token);

    /// Is there a key at all?
    bool configured() const;
    std::size_t cached() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

inline constexpr std::size_t token_bytes_max = 16 * 1024;

/// A token signed with HS256; for `millrace user token`, tests and the demo.
std::string sign_hs256(const json::object& claims, const Secret& secret);

}  // namespace millrace::accounts
