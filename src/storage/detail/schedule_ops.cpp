#include "storage/detail/schedule_ops.hpp"

#include <algorithm>

#include "storage/detail/catalog.hpp"
#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {
namespace {

using jobs::Schedule;

constexpr Duration slots_kept = 7 * 24h;  ///< older ones lie behind last_at, which keeps them from firing again

std::optional<Schedule> locked(Tx& tx, const Uuid& id) {
    return one(tx.db, Statement::schedules_lock, args(id), read_schedule);
}

void tell(Tx& tx, std::string_view what, const Schedule& schedule, Instant at) {
    events::Event event;
    event.at = at;
    event.type = what;
    event.owner = schedule.owner;
    event.org = schedule.org;
    event.subject = schedule.id;
    event.data = to_json(jobs::view(schedule));
    tx.tell(std::move(event));
}

}  // namespace

ledger::Committed schedule_version(Tx& tx, const jobs::ScheduleVersion& op) {
    const auto schedule = locked(tx, op.schedule);
    return schedule && schedule->version == op.version ? applied : lost;
}

ledger::Committed slot_is_free(Tx& tx, const jobs::FireSlot& op) {
    const auto job = one(tx.db, Statement::slots_job, args(op.schedule, op.slot), read_id);
    if (!job) return applied;
    return {ledger::Outcome::refused, *job};
}

void take_slot(Tx& tx, const jobs::FireSlot& op) {
    tx.db.later(Statement::slots_insert, args(op.schedule, op.slot, op.job));
    tx.db.later(Statement::slots_forget, args(op.schedule, op.slot - slots_kept));
}

void put_schedule(Tx& tx, const jobs::PutSchedule& op) {
    Schedule s = op.schedule;
    const auto old = locked(tx, s.id);
    if (old && old->version >= s.version) return;
    tx.db.run(Statement::schedules_put, args(s.id, s.owner, s.org, s.name, s.cron, s.zone, s.catch_up, s.enabled, to_json(s.job),
                                             s.next_at, s.last_at, s.version, s.created_at, s.updated_at, op.retime));
    if (old) {
        s.last_at = old->last_at;
        if (!op.retime) s.next_at = old->next_at;
    }
    tell(tx, old ? "schedule.updated" : "schedule.created", s, s.updated_at);
}

void remove_schedule(Tx& tx, const jobs::RemoveSchedule& op) {
    const auto gone = one(tx.db, Statement::schedules_remove, args(op.schedule), read_schedule);
    if (!gone) return;
    tx.db.later(Statement::slots_remove, args(op.schedule));
    tell(tx, "schedule.deleted", *gone, op.at);
}

void advance_schedule(Tx& tx, const jobs::AdvanceSchedule& op) {
    auto schedule = locked(tx, op.schedule);
    if (!schedule || schedule->version != op.version) return;
    const auto later = [](std::optional<Instant> a, std::optional<Instant> b) { return a && b ? std::max(*a, *b) : a ? a : b; };
    const bool fired = op.last_at && later(schedule->last_at, op.last_at) != schedule->last_at;
    schedule->last_at = later(schedule->last_at, op.last_at);
    schedule->next_at = schedule->next_at && op.next_at ? later(schedule->next_at, op.next_at) : std::nullopt;
    tx.db.run(Statement::schedules_advance, args(op.schedule, schedule->next_at, schedule->last_at));
    if (fired) tell(tx, "schedule.fired", *schedule, op.at);
}

}  // namespace millrace::storage::detail
