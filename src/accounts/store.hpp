#pragma once

#include <vector>

#include "accounts/user.hpp"

namespace millrace::accounts {

/// How long an Idempotency-Key is remembered.
inline constexpr Duration request_memory = 24h;

/// What the module asks of storage beside its ops. Safe from any thread. Throws Error{database_unavailable}.
struct AccountStore {
    virtual ~AccountStore() = default;

    virtual std::optional<User> user(const Uuid& id) = 0;
    /// A user with a password; `email` in lower case.
    virtual std::optional<User> user_by_email(std::string_view email) = 0;
    /// Ordered by id, after `after`.
    virtual std::vector<User> users(int limit, std::optional<Uuid> after) = 0;
    virtual std::optional<Organisation> organisation(const Uuid& id) = 0;

    virtual std::optional<ApiKey> api_key(const Uuid& id) = 0;
    /// Newest first, revoked ones too.
    virtual std::vector<ApiKey> api_keys(const Uuid& user) = 0;
    virtual std::optional<Session> session(std::string_view hash) = 0;
    /// Removes the ticket and answers it, once: of several takers at the same time one gets it. Nothing when it has
    /// expired. Need not survive a crash, which loses tickets but never uses one twice.
    virtual std::optional<Ticket> take_ticket(std::string_view hash, Instant now) = 0;

    /// The request of that key, when younger than request_memory.
    virtual std::optional<Remembered> request(const Uuid& user, std::string_view key, Instant now) = 0;
    /// Its job, also while that runs.
    std::optional<Uuid> remembered(const Uuid& user, std::string_view key, Instant now) {
        const auto found = request(user, key, now);
        return found ? std::optional{found->job} : std::nullopt;
    }

    /// Is there a user with a password or an API key in force? Until then, and without a JWT key, only loopback is served.
    virtual bool has_credentials() = 0;
};

}  // namespace millrace::accounts
