#pragma once

#include "jobs/ops.hpp"
#include "storage/detail/catalog.hpp"

/// The transitions of a job. They change the held job in memory and are the same for both databases.
namespace millrace::storage::detail {

ledger::Committed fence(Tx& tx, const jobs::Fence& op);
ledger::Committed in_state(Tx& tx, const jobs::InState& op);

void create_job(Tx& tx, const jobs::Create& op);
void unblock_job(Tx& tx, const jobs::Unblock& op);
void reopen_job(Tx& tx, const jobs::Reopen& op);
void stage_job(Tx& tx, const jobs::Stage& op);
void tick_job(Tx& tx, const jobs::Tick& op);
void save_checkpoint(Tx& tx, const jobs::SaveCheckpoint& op);
void append_log(Tx& tx, const jobs::AppendLog& op);
/// What was kept of it is shown.
void put_progress(Tx& tx, std::span<const jobs::Progress> progress);
void settle_job(Tx& tx, const jobs::Settle& op);
void cancel_job(Tx& tx, const jobs::Cancel& op);
void retry_job(Tx& tx, const jobs::Retry& op);
void start_external_job(Tx& tx, const jobs::StartExternal& op);

ledger::Committed queue_version(Tx& tx, const jobs::QueueVersion& op);
ledger::Committed is_unique(Tx& tx, const jobs::Unique& op);
void change_job(Tx& tx, const jobs::Change& op);
void acknowledge_job(Tx& tx, const jobs::Acknowledge& op);
void remove_job(Tx& tx, const jobs::Remove& op);
void forget_events(Tx& tx, const jobs::ForgetEvents& op);
void put_queue(Tx& tx, const jobs::PutQueue& op);
void declare_kind(Tx& tx, const jobs::DeclareKind& op);

/// The job runs under this attempt and token.
bool is_owned(const HeldJob& held, const jobs::Lease& lease);
/// A job whose worker is gone: back to the queue or ended, as after_loss says; with `restart` the attempt does not
/// count. False when the job is not running any more.
bool take_back_job(Tx& tx, HeldJob& held, bool restart, Instant now);
/// A job whose deadline has passed and that no worker runs is failed. False when it is not to be.
bool expire_job(Tx& tx, HeldJob& held, Instant now);

}  // namespace millrace::storage::detail
