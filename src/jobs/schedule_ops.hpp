#pragma once

#include "jobs/schedule.hpp"
#include "ledger/ledger.hpp"

/// Every change of a schedule. Durable events: "schedule.created", "schedule.updated", "schedule.deleted" and
/// "schedule.fired", with the schedule as in v2.
namespace millrace::jobs {

// Guards

/// The schedule has this version, and nobody changes it before this commit is done. Else `lost`.
struct ScheduleVersion : ledger::Op {
    Uuid schedule;
    int version = 0;
    ScheduleVersion(Uuid s, int v) : schedule{s}, version{v} {}
};

/// Nobody has fired the slot, else `refused` with the job of it. Remembers the slot, so that of any number of servers one
/// fires it. Goes with ScheduleVersion, Create of `job` and AdvanceSchedule.
struct FireSlot : ledger::Op {
    Uuid schedule;
    Instant slot;
    Uuid job;
    FireSlot(Uuid s, Instant at, Uuid j) : schedule{s}, slot{at}, job{j} {}
};

// Ops

/// Makes the schedule or replaces what a person may change of it. No effect on one that has this version or a newer one.
struct PutSchedule : ledger::Op {
    Schedule schedule;
    bool retime = true;  ///< false: `next_at` stays what it is, for it may have moved on since it was read
    PutSchedule(Schedule s, bool r) : schedule{std::move(s)}, retime{r} {}
};

/// Its jobs stay.
struct RemoveSchedule : ledger::Op {
    Uuid schedule;
    Instant at;
    RemoveSchedule(Uuid s, Instant t) : schedule{s}, at{t} {}
};

/// Moves `next_at` (nothing: it never fires again) and `last_at` on, never back. No effect on another version.
struct AdvanceSchedule : ledger::Op {
    Uuid schedule;
    int version = 0;
    std::optional<Instant> next_at;
    std::optional<Instant> last_at;  ///< nothing: slots were left out and none has fired
    Instant at;
};

}  // namespace millrace::jobs
