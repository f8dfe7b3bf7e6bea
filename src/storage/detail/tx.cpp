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
            held.ended_with = held.job.error_code;
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
    if (job.queue != "default") db.later(Statement::queues_ensure, args(job.queue, job.created_at));
    count(job, std::nullopt, job.state, job.created_at);
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
                      j.error_message, j.updated_at, j.started_at, j.completed_at, j.turn));
        if (held.more_changed) {
            db.later(Statement::jobs_save_more, args(j.id, j.priority, texts_value(j.tags), j.waiting_on, children_value(j.children),
                                                     j.acknowledged_at, options_value(j.options), j.needed, j.deadline));
        }
        held.changed = held.result_changed = held.more_changed = false;
    }
}

void Tx::count(const jobs::Job& job, std::optional<jobs::State> from, std::optional<jobs::State> to, Instant at) {
    if (from && !is_terminal(*from)) counts_[{job.queue, *from}] -= 1;
    if (to && !is_terminal(*to)) counts_[{job.queue, *to}] += 1;
    const bool ended = to && is_terminal(*to);
    if (from && !ended) return;
    StatKey key{std::chrono::floor<std::chrono::minutes>(at), job.queue, job.kind, ended ? std::string{word(*to)} : "created"};
    Sums& sums = stats_[std::move(key)];
    sums.number += 1;
    if (!ended) return;
    // Clocks of several machines may differ a little; no time is negative.
    const auto started = job.started_at.value_or(at);
    sums.wait_us += std::max<std::int64_t>(0, (started - job.created_at).count());
    sums.run_us += std::max<std::int64_t>(0, (at - started).count());
}

void Tx::save_counts() {
    for (const auto& [key, number] : counts_) {
        if (number != 0) db.later(Statement::counts_add, args(key.first, key.second, shard_, number));
    }
    for (const auto& [key, sums] : stats_) {
        db.later(Statement::stats_add,
                 args(key.minute, key.queue, key.kind, key.outcome, shard_, sums.number, sums.wait_us, sums.run_us));
    }
    counts_.clear();
    stats_.clear();
}

void Tx::release_jobs() {
    save_jobs();
    jobs_.clear();
}

}  // namespace millrace::storage::detail
