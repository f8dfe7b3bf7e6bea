#include "storage/detail/rows.hpp"
#include "storage/detail/stores.hpp"

namespace millrace::storage::detail {
namespace {

accounts::User read_user(const Row& row) {
    Reader r{row};
    return {.id = r.uuid(), .org = r.uuid(), .role = r.word_of(Role::user), .subject = r.text(), .name = r.text(),
            .email = r.text(), .password_hash = r.text(), .disabled = r.boolean(), .created_at = r.instant(),
            .updated_at = r.instant()};
}

accounts::Organisation read_organisation(const Row& row) {
    Reader r{row};
    return {.id = r.uuid(), .name = r.text(), .created_at = r.instant()};
}

accounts::ApiKey read_api_key(const Row& row) {
    Reader r{row};
    return {.id = r.uuid(), .user = r.uuid(), .org = r.uuid(), .role = r.word_of(Role::user), .name = r.text(),
            .hash = r.text(), .created_at = r.instant(), .expires_at = r.maybe_instant(), .revoked_at = r.maybe_instant(),
            .last_used_at = r.maybe_instant()};
}

accounts::Session read_session(const Row& row) {
    Reader r{row};
    return {.hash = r.text(), .user = r.uuid(), .org = r.uuid(), .role = r.word_of(Role::user), .created_at = r.instant(),
            .expires_at = r.instant()};
}

accounts::Ticket read_ticket(const Row& row) {
    Reader r{row};
    return {.hash = r.text(), .user = r.uuid(), .org = r.uuid(), .role = r.word_of(Role::user), .expires_at = r.instant()};
}

accounts::Remembered read_remembered(const Row& row) {
    Reader r{row};
    return {.job = r.uuid(), .request_hash = r.text(), .at = r.instant()};
}

}  // namespace

std::optional<accounts::User> AccountStore::user(const Uuid& id) {
    return reading(db_, [&](Session& s) { return one(s, Statement::accounts_get, args(id), read_user); });
}

std::optional<accounts::User> AccountStore::user_by_email(std::string_view email) {
    return reading(db_, [&](Session& s) { return one(s, Statement::accounts_by_email, args(email), read_user); });
}

std::vector<accounts::User> AccountStore::users(int limit, std::optional<Uuid> after) {
    return reading(db_, [&](Session& s) {
        return all(s, Statement::accounts_list, args(after.value_or(Uuid{}), limit), read_user);
    });
}

std::optional<accounts::Organisation> AccountStore::organisation(const Uuid& id) {
    return reading(db_, [&](Session& s) { return one(s, Statement::organisations_get, args(id), read_organisation); });
}

std::optional<accounts::ApiKey> AccountStore::api_key(const Uuid& id) {
    return reading(db_, [&](Session& s) { return one(s, Statement::api_keys_get, args(id), read_api_key); });
}

std::vector<accounts::ApiKey> AccountStore::api_keys(const Uuid& user) {
    return reading(db_, [&](Session& s) { return all(s, Statement::api_keys_of_account, args(user), read_api_key); });
}

std::optional<accounts::Session> AccountStore::session(std::string_view hash) {
    return reading(db_, [&](Session& s) { return one(s, Statement::sessions_get, args(hash), read_session); });
}

std::optional<accounts::Ticket> AccountStore::take_ticket(std::string_view hash, Instant now) {
    std::optional<accounts::Ticket> out;
    db_.claims().run([&](Tx& tx) { out = one(tx.db, Statement::tickets_take, args(hash), read_ticket); });
    if (out && out->expires_at <= now) out.reset();
    return out;
}

std::optional<accounts::Remembered> AccountStore::request(const Uuid& user, std::string_view key, Instant now) {
    return reading(db_, [&](Session& s) {
        return one(s, Statement::requests_get, args(user, key, now - accounts::request_memory), read_remembered);
    });
}

bool AccountStore::has_credentials() {
    return reading(db_, [&](Session& s) {
        return one(s, Statement::accounts_has_credentials, args(SystemClock{}.now()),
                   [](const Row& row) { return row.integer(0) != 0; })
            .value_or(false);
    });
}

}  // namespace millrace::storage::detail
