#pragma once

#include "storage/detail/catalog.hpp"
#include "webhooks/ops.hpp"

/// Webhooks, what is on its way to them, and how far the log of events has been looked through.
namespace millrace::storage::detail {

ledger::Committed webhook_unchanged(Tx& tx, const webhooks::Unchanged& op);
ledger::Committed cursor_at(Tx& tx, const webhooks::CursorAt& op);
ledger::Committed delivery_held(Tx& tx, const webhooks::Held& op);

void put_webhook(Tx& tx, const webhooks::Put& op);
void remove_webhook(Tx& tx, const webhooks::Remove& op);
void disable_webhook(Tx& tx, const webhooks::Disable& op);
void hold_webhook(Tx& tx, const webhooks::Hold& op);
void move_cursor(Tx& tx, const webhooks::MoveCursor& op);
void enqueue_delivery(Tx& tx, const webhooks::Enqueue& op);
void record_attempt(Tx& tx, const webhooks::Record& op);
void release_delivery(Tx& tx, const webhooks::Release& op);
void release_deliveries(Tx& tx, const webhooks::ReleaseAll& op);
void redeliver(Tx& tx, const webhooks::Redeliver& op);
void forget_deliveries(Tx& tx, const webhooks::Forget& op);

}  // namespace millrace::storage::detail
