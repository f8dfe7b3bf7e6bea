#include "storage/detail/tx.hpp"

#include <algorithm>

#include "jobs/view.hpp"
#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {

events::Event job_event(std::string_view type, const jobs::Job& job) {
    events::Event event;
    event.at = job.updated_at;
    event.type = type;
    event.owner = job.owner;
    event.org = job.org;
    event.subject = job.id;
    event.data = to_json(jobs::view(job));
    return event;
}

void Tx::hold(std::vector<Uuid> ids) {
    std::erase_if(ids, [&](const Uuid& id) { return jobs_.contains(id); });
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    if (ids.empty()) return;
    for (const auto& id : ids) {
        HeldJob& held = jobs_[id];
        db.later(Statement::jobs_lock, args(id), [&held](const Row& row) {
            held.job = read_job(row);
            held.found = true;
        });
        // A statement of its own: it sees the lease as it is once the job is locked, not as it was before the wait.
        db.later(Statement::jobs_lock_lease, args(id), [&held](const Row& row) {
            held.lease = HeldJob::Holder{static_cast<int>(row.integer(0)), row.uuid(1), row.uuid(2)};
        });
    }
    db.flush();
}

HeldJob* Tx::job(const Uuid& id) {
    hold({id});
    HeldJob& held = jobs_.at(id);
    return held.found ? &held : nullptr;
}

void Tx::insert(const jobs::Job& job) {
    db.later(Statement::jobs_insert, job_args(job));
    HeldJob& held = jobs_[job.id];
    held = {};
    held.job = job;
    held.found = true;
}

void Tx::event(std::string_view type, const jobs::Job& job) { events.push_back(job_event(type, job)); }

void Tx::state_event(const jobs::Job& job) { event("job." + std::string{word(job.state)}, job); }

void Tx::drop_lease(HeldJob& held) {
    if (!held.lease) return;
    held.lease.reset();
    db.later(Statement::leases_remove, args(held.job.id));
}

void Tx::close_attempt(const Uuid& job, Instant at, std::string_view outcome, std::string_view error_code,
                       std::string_view error_message) {
    db.later(Statement::attempts_close, args(job, at, outcome, error_code, error_message));
}

void Tx::save_jobs() {
    for (auto& [id, held] : jobs_) {
        if (!held.changed) continue;
        const jobs::Job& j = held.job;
        db.later(Statement::jobs_save,
                 args(j.id, j.state, j.progress, j.stage, j.message, j.attempt, j.losses, j.crashes, j.run_at, j.metadata,
                      held.result_changed, j.result, j.supplier_id, j.related_dataset_id, j.result_file_id, j.error_code,
                      j.error_message, j.updated_at, j.started_at, j.completed_at));
        held.changed = held.result_changed = false;
    }
}

void Tx::release_jobs() {
    save_jobs();
    jobs_.clear();
}

}  // namespace millrace::storage::detail
