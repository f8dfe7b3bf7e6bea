#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "accounts/user.hpp"
#include "base/secret.hpp"

/// Random credentials of ours: API keys, sessions, tickets. 256 bits each, kept as SHA-256 only: guessing them is hopeless,
/// so no slow hash is needed, and a stolen database opens nothing.
namespace millrace::accounts {

/// A new key and the only moment its text is known: `mr_<id, 32 hex digits>_<43 characters>`.
struct IssuedApiKey {
    ApiKey key;
    Secret text;
};
struct NewApiKey {
    Scope scope;  ///< of its user
    std::string name;
    Role role = Role::user;
    std::optional<Instant> expires_at;
};
/// Throws Error{forbidden} when the key would have more rights than its user.
IssuedApiKey issue_api_key(const NewApiKey& wanted, Instant now);

/// The parts of a text that looks like a key.
struct PresentedApiKey {
    Uuid id;
    std::string_view secret;
};
std::optional<PresentedApiKey> parse_api_key(std::string_view text);

/// Is it that key, in force now? Compares in constant time.
bool matches(const PresentedApiKey& presented, const ApiKey& key, Instant now);

/// 43 characters that cannot be guessed; for sessions and tickets.
Secret random_secret();
/// What is kept of a secret: SHA-256, hex.
std::string hash_of(std::string_view secret);
/// What the header X-CSRF-Token of a session must say: follows from the id in its cookie, which no other site can read.
std::string csrf_token_of(std::string_view session_secret);
/// Compares in constant time (for equal lengths).
bool same_secret(std::string_view a, std::string_view b);

}  // namespace millrace::accounts
