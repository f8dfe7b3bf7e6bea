#include "storage/detail/account_ops.hpp"

#include "accounts/store.hpp"
#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {
namespace {

auto user_args(const accounts::User& u) {
    return args(u.id, u.org, u.role, u.subject, u.name, u.email, u.password_hash, u.disabled, u.created_at, u.updated_at);
}

constexpr int forgotten_max = 1000;

}  // namespace

ledger::Committed request_is_new(Tx& tx, const accounts::RememberRequest& op) {
    const auto job =
        one(tx.db, Statement::requests_get, args(op.user, op.key, op.at - accounts::request_memory), read_id);
    if (!job) return applied;
    return {ledger::Outcome::refused, *job};
}

void remember_request(Tx& tx, const accounts::RememberRequest& op) {
    tx.db.later(Statement::requests_drop_old, args(op.user, op.key, op.at - accounts::request_memory));
    tx.db.later(Statement::requests_insert, args(op.user, op.key, op.job, op.request_hash, op.at));
}

ledger::Committed email_is_free(Tx& tx, const accounts::EmailFree& op) {
    const auto user = one(tx.db, Statement::accounts_by_email, args(op.email), read_id);
    if (!user) return applied;
    return {ledger::Outcome::refused, *user};
}

void put_organisation(Tx& tx, const accounts::PutOrganisation& op) {
    const auto& o = op.organisation;
    tx.db.later(Statement::organisations_put, args(o.id, o.name, o.created_at));
}

void create_user(Tx& tx, const accounts::CreateUser& op) {
    tx.db.later(Statement::organisations_make, args(op.user.org, op.organisation_name, op.user.created_at));
    tx.db.later(Statement::accounts_make, user_args(op.user));
}

void put_user(Tx& tx, const accounts::PutUser& op) { tx.db.later(Statement::accounts_put, user_args(op.user)); }

void put_api_key(Tx& tx, const accounts::PutApiKey& op) {
    const auto& k = op.key;
    tx.db.later(Statement::api_keys_put, args(k.id, k.user, k.org, k.role, k.name, k.hash, k.created_at, k.expires_at,
                                              k.revoked_at, k.last_used_at));
}

void revoke_api_key(Tx& tx, const accounts::RevokeApiKey& op) {
    tx.db.later(Statement::api_keys_revoke, args(op.key, op.at));
}

void touch_api_key(Tx& tx, const accounts::TouchApiKey& op) { tx.db.later(Statement::api_keys_touch, args(op.key, op.at)); }

void put_session(Tx& tx, const accounts::PutSession& op) {
    const auto& s = op.session;
    tx.db.later(Statement::sessions_put, args(s.hash, s.user, s.org, s.role, s.created_at, s.expires_at));
}

void end_session(Tx& tx, const accounts::EndSession& op) { tx.db.later(Statement::sessions_end, args(op.hash)); }

void end_sessions(Tx& tx, const accounts::EndSessions& op) { tx.db.later(Statement::sessions_end_of_account, args(op.user)); }

void put_ticket(Tx& tx, const accounts::PutTicket& op) {
    const auto& t = op.ticket;
    tx.db.later(Statement::tickets_put, args(t.hash, t.user, t.org, t.role, t.expires_at));
}

void forget_expired(Tx& tx, const accounts::ForgetExpired& op) {
    tx.db.later(Statement::sessions_forget, args(op.now, forgotten_max));
    tx.db.later(Statement::tickets_forget, args(op.now, forgotten_max));
    tx.db.later(Statement::requests_forget, args(op.now - accounts::request_memory, forgotten_max));
}

}  // namespace millrace::storage::detail
