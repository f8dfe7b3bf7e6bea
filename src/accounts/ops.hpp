#pragma once

#include "accounts/user.hpp"
#include "ledger/ledger.hpp"

/// Every change of an account.
namespace millrace::accounts {

// Guards

/// Remembers a request under the user's Idempotency-Key for 24 hours. `refused{existing job}` when the key is taken by a
/// request younger than that; an older one is replaced. Stands in the commit that creates the job, so that the key is
/// known exactly when the job exists.
struct RememberRequest : ledger::Op {
    Uuid user;
    std::string key;
    Uuid job;
    std::string request_hash;
    Instant at{};
};

/// No user with a password has this email (lower case). Else `refused{that user}`.
struct EmailFree : ledger::Op {
    std::string email;
    explicit EmailFree(std::string e) : email{std::move(e)} {}
};

// Ops

/// Inserts or replaces; name by id.
struct PutOrganisation : ledger::Op {
    Organisation organisation;
    explicit PutOrganisation(Organisation o) : organisation{std::move(o)} {}
};

/// Inserts a user seen for the first time. No effect when the id exists: another request was faster. The organisation
/// is created too when it does not exist.
struct CreateUser : ledger::Op {
    User user;
    std::string organisation_name;
    CreateUser(User u, std::string o) : user{std::move(u)}, organisation_name{std::move(o)} {}
};

/// Inserts or replaces all members but `created_at`.
struct PutUser : ledger::Op {
    User user;
    explicit PutUser(User u) : user{std::move(u)} {}
};

struct PutApiKey : ledger::Op {
    ApiKey key;
    explicit PutApiKey(ApiKey k) : key{std::move(k)} {}
};

/// Sets revoked_at when it is not set; the row stays, for the record.
struct RevokeApiKey : ledger::Op {
    Uuid key;
    Instant at{};
    RevokeApiKey(Uuid k, Instant t) : key{k}, at{t} {}
};

/// Sets last_used_at; at most once a minute and key.
struct TouchApiKey : ledger::Op {
    Uuid key;
    Instant at{};
    TouchApiKey(Uuid k, Instant t) : key{k}, at{t} {}
};

struct PutSession : ledger::Op {
    Session session;
    explicit PutSession(Session s) : session{std::move(s)} {}
};

struct EndSession : ledger::Op {
    std::string hash;
    explicit EndSession(std::string h) : hash{std::move(h)} {}
};

/// Logs a user out everywhere: after a new password or when disabled.
struct EndSessions : ledger::Op {
    Uuid user;
    explicit EndSessions(Uuid u) : user{u} {}
};

struct PutTicket : ledger::Op {
    Ticket ticket;
    explicit PutTicket(Ticket t) : ticket{std::move(t)} {}
};

/// Deletes sessions and tickets that have expired and requests older than 24 hours, at most 1,000 of each.
struct ForgetExpired : ledger::Op {
    Instant now{};
    explicit ForgetExpired(Instant n) : now{n} {}
};

}  // namespace millrace::accounts
