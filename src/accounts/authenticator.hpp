#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "accounts/api_key.hpp"
#include "accounts/jwt.hpp"
#include "accounts/settings.hpp"
#include "accounts/store.hpp"
#include "ledger/ledger.hpp"

namespace millrace::http {
struct Request;
}

namespace millrace::accounts {

BOOST_DEFINE_ENUM_CLASS(Method, jwt, api_key, session, ticket, dev)

/// Who asks, and how that is known.
struct Identity {
    Scope scope;
    Method method = Method::jwt;
    std::string subject;
    std::optional<Uuid> api_key;
    std::string session_hash;  ///< of the session, to end it
};

/// What a request brings to say who it is. Views into the request.
struct Credentials {
    std::string_view authorization;  ///< the header as it stands
    bool ambiguous = false;          ///< several Authorization headers: nobody knows which one a proxy looked at
    std::string_view api_key;        ///< X-API-Key
    std::string_view session;        ///< cookie millrace_session
    std::string_view csrf;           ///< X-CSRF-Token
    std::string_view ticket;         ///< ?ticket=, of routes that take one
    std::string_view host, origin;   ///< Host without a port, Origin
    bool from_loopback = false;      ///< the peer is this machine
    bool write = false;              ///< not GET, HEAD or OPTIONS
};

/// A secret to hand out once.
struct Issued {
    std::string secret;
    Instant expires_at{};
};
struct IssuedSession {
    std::string secret;  ///< for the cookie
    std::string csrf;    ///< for the header
    Instant expires_at{};
};

inline constexpr std::string_view session_cookie = "millrace_session";
inline constexpr Duration ticket_lifetime = 60s;

/// Lets requests in. A header decides before a cookie, and a wrong one is refused even when a good cookie is there. Users
/// and keys read from the store are remembered for `memory`, so a revoked key works up to that long on other servers
/// (on this one it ends at once, see `forget`); a JWT costs no read at all after its user was seen once.
class Authenticator {
public:
    static constexpr Duration memory = 10s;

    /// Throws Error{invalid_config}, see JwtVerifier.
    Authenticator(const Settings& settings, AccountStore& store, ledger::Ledger& ledger, const Clock& clock, Fetch fetch = {});
    ~Authenticator();

    /// Throws Error{unauthorized}, always the same whatever was wrong; Error{csrf} for a write by cookie without its
    /// header; Error{database_unavailable}. May commit: the user at first sight, the use of a key once a minute.
    Identity authenticate(const Credentials& credentials);
    /// With what the request carries. `?ticket=` counts for streams only (GET, path ends in /stream or /ws).
    Identity authenticate(const http::Request& request, bool write);

    /// Opens one stream within 60 s as that identity.
    Issued issue_ticket(const Identity& who);
    /// A cookie for somebody who has shown another credential.
    IssuedSession open_session(const Identity& who);
    void end_session(const Identity& who);
    /// By email and password. Throws Error{unauthorized}, the same for an unknown user, Error{unavailable} under a storm.
    IssuedSession log_in(std::string_view email, std::string_view password);

    IssuedApiKey create_api_key(const Identity& who, std::string name, Role role, std::optional<Instant> expires_at);
    /// Own keys only, except for administrators. Throws Error{not_found}.
    void revoke_api_key(const Identity& who, const Uuid& key);

    /// A user whose password is `password`. Throws Error{invalid_fields}, Error{conflict} for an email that is taken.
    User create_user(const std::string& email, const std::string& name, std::string_view password, Role role);
    /// Gives a new password and logs out everywhere. Throws Error{not_found}, Error{invalid_fields}.
    void set_password(const Uuid& user, std::string_view password);

    /// Drops what is remembered of a user or key after it was changed.
    void forget(const Uuid& id);

    /// Can anybody but the single user of dev mode be let in? Until then only loopback is served.
    bool has_credentials();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Cookie header value of a session: HttpOnly, SameSite=Lax, and Secure over TLS.
std::string session_cookie_header(const IssuedSession& session, bool secure, Instant now);

}  // namespace millrace::accounts
