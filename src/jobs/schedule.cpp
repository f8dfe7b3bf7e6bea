#include "jobs/schedule.hpp"

#include <boost/json/string.hpp>

namespace millrace::jobs {
namespace {

/// The parts of a schedule that say when.
struct Times {
    Cron cron;
    Zone zone;
    Instant anchor;

    std::optional<Instant> after(Instant at) const { return next(cron, zone, at, anchor); }
};

Result<Times> times_of(const Schedule& schedule) {
    auto cron = parse_cron(schedule.cron);
    if (!cron) return std::unexpected{cron.error()};
    auto zone = Zone::find(schedule.zone);
    if (!zone) return std::unexpected{zone.error()};
    return Times{std::move(*cron), std::move(*zone), schedule.created_at};
}

/// The newest slots from `from` to `now`, at most `limit`, oldest first. Looks back further and further, so that years of
/// a schedule that fires every second are not walked through.
std::vector<Instant> newest(const Times& times, Instant from, Instant now, std::size_t limit) {
    std::vector<Instant> slots;
    for (Duration back = 1min;; back *= 8) {
        const bool all = now - from <= back;
        slots.clear();
        for (auto at = times.after((all ? from : now - back) - 1us); at && *at <= now; at = times.after(*at)) {
            slots.push_back(*at);
        }
        if (all || slots.size() >= limit) break;
    }
    if (slots.size() > limit) slots.erase(slots.begin(), slots.end() - static_cast<std::ptrdiff_t>(limit));
    return slots;
}

}  // namespace

Result<Plan> plan(const Schedule& schedule, Instant now) {
    const auto times = times_of(schedule);
    if (!times) return std::unexpected{times.error()};
    Plan out;
    out.next_at = times->after(now);
    // A change by a server whose clock is behind may have named a slot again that has fired.
    const Instant from = std::max(*schedule.next_at, schedule.last_at.value_or(Instant::min()) + 1us);
    switch (schedule.catch_up) {
        case CatchUp::none: out.slots = newest(*times, std::max(from, now - late_max), now, caught_up_max); break;
        case CatchUp::last: out.slots = newest(*times, from, now, 1); break;
        case CatchUp::all: out.slots = newest(*times, from, now, caught_up_max); break;
    }
    return out;
}

Result<Instant> first_slot(const Schedule& schedule, Instant now) {
    const auto times = times_of(schedule);
    if (!times) return std::unexpected{times.error()};
    const auto at = times->after(now);
    if (!at) return std::unexpected{Error{Code::cron_never_fires, {{"cron", schedule.cron}}}};
    return *at;
}

Job make_job(const Schedule& schedule, std::optional<Instant> slot, Instant now) {
    Job job = make_job(schedule.job, schedule.owner, schedule.org, now);
    job.schedule = schedule.id;
    if (slot) job.metadata.insert_or_assign("scheduled_for", to_rfc3339(*slot));
    return job;
}

ScheduleView view(const Schedule& s) {
    const auto self = "/api/v2/schedules/" + s.id.str();
    return {.id = s.id,
            .name = s.name,
            .cron = s.cron,
            .zone = s.zone,
            .catch_up = s.catch_up,
            .enabled = s.enabled,
            .job = s.job,
            .next_at = s.next_at,
            .last_at = s.last_at,
            .version = s.version,
            .created_by = s.owner,
            .created_at = s.created_at,
            .updated_at = s.updated_at,
            .links = {{"self", self}, {"next", self + "/next"}, {"run", self + "/run"}}};
}

}  // namespace millrace::jobs
