#pragma once

#include "jobs/cron.hpp"
#include "jobs/template.hpp"

namespace millrace::jobs {

/// What becomes of the times (slots) at which a schedule should have fired while no server was there to do it.
BOOST_DEFINE_ENUM_CLASS(CatchUp, none, last, all)

inline constexpr Duration late_max = 1min;  ///< a slot later than this was missed; with CatchUp::none it is left out
inline constexpr int caught_up_max = 100;   ///< CatchUp::all fires the newest so many of the missed slots

/// Makes a job at each of its times.
struct Schedule {
    Uuid id;
    Uuid owner;
    Uuid org;
    std::string name;
    std::string cron;          ///< see cron.hpp
    std::string zone = "UTC";  ///< IANA name
    CatchUp catch_up = CatchUp::last;
    bool enabled = true;
    JobTemplate job;

    std::optional<Instant> next_at;  ///< the next slot; nothing when it is not enabled or never fires again
    std::optional<Instant> last_at;  ///< the newest slot that has fired
    int version = 1;                 ///< goes up with every change by a person, not by firing
    Instant created_at{}, updated_at{};
};

/// What is to be done about a schedule that is due: the slots to fire, oldest first, and the slot after them.
struct Plan {
    std::vector<Instant> slots;
    std::optional<Instant> next_at;
};

/// `next_at` of the schedule is a slot that has come. Pure; its cost depends on the slots that fire, not on how long
/// nobody looked. Error{invalid_cron | unknown_time_zone} when this machine cannot read the schedule.
Result<Plan> plan(const Schedule& schedule, Instant now);

/// The first slot after `now` of a schedule that was made or changed now. Error{invalid_cron | unknown_time_zone |
/// cron_never_fires}.
Result<Instant> first_slot(const Schedule& schedule, Instant now);

/// The job of a slot, or of a run that somebody asked for now. Its metadata say for which slot.
Job make_job(const Schedule& schedule, std::optional<Instant> slot, Instant now);

/// The schedule as clients see it.
struct ScheduleView {
    Uuid id;
    std::string name;
    std::string cron;
    std::string zone;
    CatchUp catch_up = CatchUp::last;
    bool enabled = true;
    JobTemplate job;
    std::optional<Instant> next_at;
    std::optional<Instant> last_at;
    int version = 1;
    Uuid created_by;
    Instant created_at{};
    Instant updated_at{};
    json::object links;
};
BOOST_DESCRIBE_STRUCT(ScheduleView, (),
                      (id, name, cron, zone, catch_up, enabled, job, next_at, last_at, version, created_by, created_at,
                       updated_at, links))

ScheduleView view(const Schedule& schedule);

}  // namespace millrace::jobs
