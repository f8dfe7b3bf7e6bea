#pragma once

#include "accounts/ops.hpp"
#include "storage/detail/catalog.hpp"

namespace millrace::storage::detail {

ledger::Committed request_is_new(Tx& tx, const accounts::RememberRequest& op);
void remember_request(Tx& tx, const accounts::RememberRequest& op);
ledger::Committed email_is_free(Tx& tx, const accounts::EmailFree& op);

void put_organisation(Tx& tx, const accounts::PutOrganisation& op);
void create_user(Tx& tx, const accounts::CreateUser& op);
void put_user(Tx& tx, const accounts::PutUser& op);
void put_api_key(Tx& tx, const accounts::PutApiKey& op);
void revoke_api_key(Tx& tx, const accounts::RevokeApiKey& op);
void touch_api_key(Tx& tx, const accounts::TouchApiKey& op);
void put_session(Tx& tx, const accounts::PutSession& op);
void end_session(Tx& tx, const accounts::EndSession& op);
void end_sessions(Tx& tx, const accounts::EndSessions& op);
void put_ticket(Tx& tx, const accounts::PutTicket& op);
void forget_expired(Tx& tx, const accounts::ForgetExpired& op);

}  // namespace millrace::storage::detail
