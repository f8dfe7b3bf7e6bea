#include "storage/detail/stores.hpp"

#include "storage/detail/list.hpp"
#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {

std::vector<events::Event> EventStore::after(std::int64_t seq, int limit) {
    return reading(db_, [&](Session& s) { return events_after(s, seq, limit); });
}

std::vector<events::Event> EventStore::of_subject(const Uuid& subject, std::int64_t after, int limit) {
    return reading(db_, [&](Session& s) { return all(s, Statement::events_of_subject, args(subject, after, limit), read_event); });
}

std::pair<std::int64_t, std::int64_t> EventStore::bounds() {
    return reading(db_, [&](Session& s) {
        std::pair<std::int64_t, std::int64_t> out;
        s.run(Statement::events_bounds, {}, [&](const Row& row) { out = {row.integer(0), row.integer(1)}; });
        return out;
    });
}

std::optional<jobs::Schedule> ScheduleStore::get(const Uuid& id, const Scope& scope) {
    return seen_by(scope, reading(db_, [&](Session& s) { return one(s, Statement::schedules_get, args(id), read_schedule); }));
}

jobs::SchedulePage ScheduleStore::list(const Scope& scope, const jobs::ScheduleListRequest& r) {
    return reading(db_, [&](Session& s) {
        return detail::list<jobs::SchedulePage>(s, schedule_list, scope, {r.filter, r.sort, r.cursor, r.limit}, read_schedule);
    });
}

std::vector<jobs::Schedule> ScheduleStore::due(Instant now, int limit) {
    return reading(db_, [&](Session& s) { return all(s, Statement::schedules_due, args(now, limit), read_schedule); });
}

std::optional<Instant> ScheduleStore::next_due(Instant now) {
    return reading(db_, [&](Session& s) {
        return one(s, Statement::schedules_next_due, args(now), [](const Row& row) { return row.instant(0); });
    });
}

std::optional<intake::File> IntakeStore::get(const Uuid& id, const Scope& scope) {
    return seen_by(scope, reading(db_, [&](Session& s) { return one(s, Statement::files_get, args(id), read_file); }));
}

intake::FilePage IntakeStore::list(const Scope& scope, const intake::ListRequest& r) {
    return reading(db_, [&](Session& s) {
        return detail::list<intake::FilePage>(s, file_list, scope, {r.filter, r.sort, r.cursor, r.limit}, read_file);
    });
}

std::vector<intake::File> IntakeStore::abandoned() {
    return reading(db_, [&](Session& s) { return all(s, Statement::files_abandoned, {}, read_file); });
}

std::optional<intake::Upload> IntakeStore::upload(const Uuid& id, const Scope& scope) {
    return seen_by(scope, reading(db_, [&](Session& s) { return one(s, Statement::uploads_get, args(id), read_upload); }));
}

std::vector<intake::Upload> IntakeStore::uploads_to_accept() {
    return reading(db_, [&](Session& s) { return all(s, Statement::uploads_to_accept, {}, read_upload); });
}

std::vector<intake::Upload> IntakeStore::expired_uploads(Instant now, int limit) {
    return reading(db_, [&](Session& s) { return all(s, Statement::uploads_expired, args(now, limit), read_upload); });
}

std::unordered_set<std::string> IntakeStore::referenced(const std::vector<std::string>& sha256) {
    json::array asked;
    for (const auto& one : sha256) asked.emplace_back(one);
    return reading(db_, [&](Session& s) {
        std::unordered_set<std::string> named;
        s.run(Statement::files_referenced, args(asked), [&](const Row& row) { named.emplace(row.text(0)); });
        return named;
    });
}

std::optional<datasets::Dataset> DatasetStore::get(const Uuid& id, const Scope& scope) {
    return seen_by(scope,
                   reading(db_, [&](Session& s) { return one(s, Statement::datasets_get, args(id), read_dataset); }));
}

std::optional<datasets::Dataset> DatasetStore::by_content(const Uuid& owner, const std::string& sha256, int table) {
    return reading(db_,
                   [&](Session& s) { return one(s, Statement::datasets_by_content, args(owner, sha256, table), read_dataset); });
}

int DatasetStore::newest_version(const Uuid& owner, const std::string& sha256) {
    return reading(db_, [&](Session& s) {
        return one(s, Statement::datasets_newest_version, args(owner, sha256), [](const Row& row) { return Reader{row}.integer(); }).value_or(0);
    });
}

std::vector<Uuid> DatasetStore::tables(const Uuid& owner, const std::string& sha256, const Uuid& job) {
    return reading(db_, [&](Session& s) { return all(s, Statement::datasets_tables, args(owner, sha256, job), read_id); });
}

std::optional<datasets::Dataset> DatasetStore::newest_of_series(const Uuid& series) {
    return reading(db_, [&](Session& s) { return one(s, Statement::datasets_newest_of_series, args(series), read_dataset); });
}

datasets::DatasetPage DatasetStore::list(const Scope& scope, const datasets::ListRequest& r) {
    return reading(db_, [&](Session& s) {
        return detail::list<datasets::DatasetPage>(s, dataset_list, scope, {r.filter, r.sort, r.cursor, r.limit},
                                                   read_dataset);
    });
}

}  // namespace millrace::storage::detail
