#pragma once

#include "jobs/schedule.hpp"
#include "query/query.hpp"

namespace millrace::jobs {

/// What schedules can be filtered and sorted by; free text looks into the name.
std::span<const query::Field> schedule_fields();

struct ScheduleListRequest {
    query::Filter filter;
    query::Sort sort;
    std::optional<std::string> cursor;
    int limit = 50;
};

struct SchedulePage {
    std::vector<Schedule> items;
    std::optional<std::string> next_cursor;
};

struct ScheduleStore {
    virtual ~ScheduleStore() = default;

    virtual std::optional<Schedule> get(const Uuid& id, const Scope& scope) = 0;
    virtual SchedulePage list(const Scope& scope, const ScheduleListRequest& request) = 0;
    /// Enabled ones of all users whose next slot is not after `now`, the longest due first. For the scheduler.
    virtual std::vector<Schedule> due(Instant now, int limit) = 0;
    /// The first slot of all after `now`.
    virtual std::optional<Instant> next_due(Instant now) = 0;
};

}  // namespace millrace::jobs
