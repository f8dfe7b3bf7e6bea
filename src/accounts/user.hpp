#pragma once

#include <optional>
#include <string>

#include "base/describe.hpp"
#include "base/scope.hpp"

namespace millrace::accounts {

/// Users belong to exactly one organisation; `default` until somebody says otherwise.
struct Organisation {
    Uuid id;
    std::string name;
    Instant created_at{};
};
BOOST_DESCRIBE_STRUCT(Organisation, (), (id, name, created_at))

/// The organisation every user starts in.
Organisation default_organisation();

/// Somebody who owns things. One who comes with a JWT is created at first sight; a local one has a password.
struct User {
    Uuid id;
    Uuid org;
    Role role = Role::user;
    std::string subject;        ///< `sub` of the token as it stood; for local users the email
    std::string name;
    std::string email;          ///< lower case; empty when unknown; unique among users with a password
    std::string password_hash;  ///< argon2id; empty: no login with a password
    bool disabled = false;
    Instant created_at{};
    Instant updated_at{};
};
BOOST_DESCRIBE_STRUCT(User, (), (id, org, role, subject, name, email, password_hash, disabled, created_at, updated_at))

/// The id of the user whose token says `sub`: a UUID is taken as it stands, anything else is mapped, always to the same.
Uuid user_id(std::string_view subject);
/// The id of the organisation of that name (or UUID).
Uuid organisation_id(std::string_view name);

/// 1-255 characters without control characters.
bool is_subject(std::string_view text);

/// A long-lived credential of a program: `mr_<id>_<secret>`. Only the hash of the secret is kept.
struct ApiKey {
    Uuid id;
    Uuid user;
    Uuid org;
    Role role = Role::user;  ///< at most that of its user
    std::string name;
    std::string hash;  ///< SHA-256 of the secret, hex
    Instant created_at{};
    std::optional<Instant> expires_at;
    std::optional<Instant> revoked_at;
    std::optional<Instant> last_used_at;  ///< to the minute
};
BOOST_DESCRIBE_STRUCT(ApiKey, (), (id, user, org, role, name, hash, created_at, expires_at, revoked_at, last_used_at))

/// A browser that has logged in. Its cookie holds a random id, of which only the hash is kept.
struct Session {
    std::string hash;  ///< SHA-256 of the id in the cookie, hex
    Uuid user;
    Uuid org;
    Role role = Role::user;
    Instant created_at{};
    Instant expires_at{};
};
BOOST_DESCRIBE_STRUCT(Session, (), (hash, user, org, role, created_at, expires_at))

/// Opens one stream where no header can be sent (EventSource, WebSocket): one use, 60 s.
struct Ticket {
    std::string hash;  ///< SHA-256 of the ticket, hex
    Uuid user;
    Uuid org;
    Role role = Role::user;
    Instant expires_at{};
};
BOOST_DESCRIBE_STRUCT(Ticket, (), (hash, user, org, role, expires_at))

/// What is kept of a request with an Idempotency-Key.
struct Remembered {
    Uuid job;
    std::string request_hash;  ///< SHA-256 of the body, hex; empty when it was not known at the time (uploads)
    Instant at{};
};

}  // namespace millrace::accounts
