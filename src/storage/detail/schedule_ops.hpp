#pragma once

#include "jobs/schedule_ops.hpp"
#include "storage/detail/tx.hpp"

namespace millrace::storage::detail {

ledger::Committed schedule_version(Tx& tx, const jobs::ScheduleVersion& op);
ledger::Committed slot_is_free(Tx& tx, const jobs::FireSlot& op);
void take_slot(Tx& tx, const jobs::FireSlot& op);
void put_schedule(Tx& tx, const jobs::PutSchedule& op);
void remove_schedule(Tx& tx, const jobs::RemoveSchedule& op);
void advance_schedule(Tx& tx, const jobs::AdvanceSchedule& op);

}  // namespace millrace::storage::detail
