#include "storage/detail/tx.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/random.hpp"
#include "jobs/event_data.hpp"
#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {

events::Event job_event(std::string_view type, const jobs::Job& job) {
    events::Event event;
    event.at = job.updated_at;
    event.type = type;
    event.owner = job.owner;
    event.org = job.org;
    event.subject = job.id;
    event.data = jobs::event_data(job);
    return event;
}

Uuid random_token() {
    Uuid token;
    fill_random(token.bytes);
    return token;
}

void begin_attempt(jobs::Job& job, int attempt, Instant at) {
    job.state = jobs::State::running;
    job.attempt = attempt;
    if (!job.started_at) job.started_at = at;
    job.updated_at = at;
    job.error_code.clear();
    job.error_message.clear();
}

namespace {

/// A claim writes a lease and leaves the job as it was queued; from here on it looks as a running job does.
void show_running(HeldJob& held) {
    if (held.lease && held.job.state == jobs::State::queued) begin_attempt(held.job, held.lease->attempt, held.lease->claimed_at);
}

/// What the attempt that runs has said of itself since the job was written.
void show_progress(HeldJob& held, const Row& row) {
    if (!held.lease || row.uuid(1) != held.lease->token) return;
    held.job.progress = std::max(held.job.progress, static_cast<int>(row.integer(2)));
    held.job.message = row.text(3);
}

HeldJob::Holder read_holder(const Row& row) {
    Reader r{row, 1};
    return {.attempt = r.integer(), .token = r.uuid(), .worker = r.uuid(), .worker_name = r.text(), .claimed_at = r.instant()};
}

}  // namespace

void ClaimedJobs::put(HeldJob job) {
    const std::lock_guard lock{mutex_};
    if (jobs_.size() >= jobs_max) jobs_.clear();
    const Uuid id = job.job.id;
    jobs_.insert_or_assign(id, std::move(job));
}

std::optional<HeldJob> ClaimedJobs::take(const Uuid& id) {
    const std::lock_guard lock{mutex_};
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return std::nullopt;
    std::optional<HeldJob> job{std::move(found->second)};
    jobs_.erase(found);
    return job;
}

std::int64_t TxSession::run(Statement statement, std::span<const Value> values, const OnRow& on_row) {
    tx_.save_jobs();
    return session_.run(statement, values, on_row);
}

void TxSession::later(Statement statement, std::span<const Value> values, OnRow on_row) {
    tx_.save_jobs();
    session_.later(statement, values, std::move(on_row));
}

void TxSession::query(const std::string& sql, std::span<const Value> values, const OnRow& on_row) {
    tx_.save_jobs();
    session_.query(sql, values, on_row);
}

void Tx::hold(std::vector<Uuid> ids) {
    std::erase_if(ids, [&](const Uuid& id) { return jobs_.contains(id); });
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    if (ids.empty()) return;
    for (const auto& id : ids) {
        shared.claimed.drop(id);
        jobs_[id];
        session_.later(Statement::jobs_lock, args(id), [this](const Row& row) {
            HeldJob& held = jobs_.at(row.uuid(0));
            held.job = read_job(row);
            held.ended_with = held.job.error_code;
            held.found = true;
        });
    }
    // A statement of its own: it sees the leases as they are once the jobs are locked, not as they were before the wait.
    for (const auto& id : ids) {
        session_.later(Statement::jobs_lock_lease, args(id),
                       [this](const Row& row) { jobs_.at(row.uuid(0)).lease = read_holder(row); });
    }
    for (const auto& id : ids) {
        session_.later(Statement::progress_get, args(id), [this](const Row& row) { show_progress(jobs_.at(row.uuid(0)), row); });
    }
    session_.flush();
    for (const auto& id : ids) show_running(jobs_.at(id));
}

void Tx::hold_to_settle(const std::vector<Uuid>& ids) {
    for (const auto& id : ids) {
        // Taken in any case: what is read next comes from the database.
        auto job = shared.claimed.take(id);
        if (job && hopeful_) jobs_.try_emplace(id, std::move(*job));
    }
}

void Tx::committed() {
    for (auto& job : claimed_) shared.claimed.put(std::move(job));
    for (const auto& [line, last, version] : passed_) shared.cursors.passed(line, last, version);
    for (const auto& [queue, place] : came_) shared.cursors.came(queue, place);
    for (auto& seat : seats_) seat.fill();
}

void Tx::queued(const jobs::Job& job) {
    shared.seating.looked(job.queue, false);
    const Place place{-job.priority, job.turn, job.id};
    const auto [known, fresh] = came_.emplace(job.queue, place);
    if (!fresh) known->second = std::min(known->second, place);
}

void Tx::seat(const jobs::Job& job) {
    auto seat = job.limit_key ? std::nullopt : shared.seating.take(job);
    std::optional<Instant> now;
    if (seat) {
        session_.run(Statement::queues_seat, args(job.queue, seat->worker().id, job.updated_at), [&](const Row& row) { now = row.instant(0); });
    }
    if (!now) return queued(job);
    const jobs::Worker& worker = seat->worker();
    HeldJob& held = jobs_.at(job.id);
    held.lease = {.attempt = 1, .token = random_token(), .worker = worker.id, .worker_name = fmt::format("{}/{}", worker.host, worker.pid),
                  .claimed_at = *now};
    session_.later(Statement::leases_insert, args(job.id, 1, held.lease->token, worker.id, held.lease->worker_name, *now, job.queue, job.limit_key));
    count(job, jobs::State::queued, jobs::State::running, *now);
    show_running(held);
    state_event(held.job, true);
    seat->start({held.job, {job.id, 1, held.lease->token}});
    seats_.push_back(std::move(*seat));
}

HeldJob* Tx::job(const Uuid& id) {
    hold({id});
    HeldJob& held = jobs_.at(id);
    return held.found ? &held : nullptr;
}

bool Tx::is_free(const Uuid& id) {
    if (hopeful_ && !jobs_.contains(id)) return true;
    return job(id) == nullptr;
}

void Tx::forget(const Uuid& id) {
    HeldJob& held = jobs_[id];
    if (held.ended) session_.later(Statement::leases_remove, args(id));
    std::erase(unsaved_, &held);
    held = {};
}

const jobs::Job& Tx::insert(jobs::Job job) {
    count(job, std::nullopt, job.state, job.created_at);
    HeldJob& held = jobs_[job.id];
    held.job = std::move(job);
    held.found = held.fresh = true;
    to_save(held);
    return held.job;
}

void Tx::state_event(const jobs::Job& job, bool routine) { tell(job_event("job." + std::string{word(job.state)}, job), routine); }

Told Tx::told() {
    std::set<Uuid> apart;
    for (const auto& [event, routine] : told_) {
        if (!routine) apart.insert(event.subject);
    }
    const auto is_apart = [&](const auto& one) { return apart.contains(one.first.subject); };
    Told out;
    out.routine = told_.size() - static_cast<std::size_t>(std::ranges::count_if(told_, is_apart));
    if (out.routine < routine_min) out.routine = 0;
    else std::ranges::stable_partition(told_, is_apart);
    for (auto& one : told_) out.events.push_back(std::move(one.first));
    return out;
}

void Tx::drop_lease(HeldJob& held) {
    if (!held.lease) return;
    held.ended = std::exchange(held.lease, std::nullopt);
    to_save(held);
}

void Tx::close_attempt(const Uuid& id, Instant at, std::string_view outcome, std::string_view error_code,
                       std::string_view error_message) {
    HeldJob* held = job(id);
    if (!held) return;
    const auto& lease = held->ended ? held->ended : held->lease;
    if (lease) {
        held->attempts += attempt_line({.job = id, .attempt = lease->attempt, .worker = lease->worker_name,
                                        .started_at = lease->claimed_at, .ended_at = at, .outcome = std::string{outcome},
                                        .error_code = std::string{error_code}, .error_message = std::string{error_message}});
        changed(*held);
    } else if (held->job.external()) {
        db.later(Statement::attempts_close, args(id, at, outcome, error_code, error_message));
    }
}

void Tx::save_jobs() {
    if (unsaved_.empty()) return;
    save_new();
    // By id, as they are locked.
    std::ranges::sort(unsaved_, {}, [](const HeldJob* held) { return held->job.id; });
    for (const auto* held : unsaved_) {
        if (held->ended) session_.later(Statement::leases_remove, args(held->job.id));
    }
    save_changes();
    for (auto* held : unsaved_) {
        held->unsaved = held->fresh = held->changed = held->result_changed = held->more_changed = false;
        held->ended.reset();
        held->attempts.clear();
        held->version.reset();
    }
    unsaved_.clear();
}

void Tx::save_new() {
    for (const auto* held : unsaved_) {
        const std::string& queue = held->job.queue;
        if (held->fresh && queue != "default" && queues_.insert(queue).second) {
            session_.later(Statement::queues_ensure, args(queue, held->job.created_at));
        }
    }
    for (const auto* held : unsaved_) {
        if (held->fresh) session_.later(Statement::jobs_insert, job_args(held->job, shared.payload));
    }
}

void Tx::save_changes() {
    for (const auto* held : unsaved_) {
        if (!held->changed || held->fresh) continue;
        const jobs::Job& j = held->job;
        session_.later(Statement::jobs_save,
                       args(j.id, j.state, j.progress, j.stage, j.message, j.attempt, j.losses, j.crashes, j.run_at, j.metadata,
                            held->result_changed, shared.payload.sealed(j.id, "result", j.result), j.supplier_id, j.related_dataset_id, j.result_file_id, j.error_code,
                            j.error_message, j.updated_at, j.started_at, j.completed_at, j.turn, held->attempts, held->version));
    }
    for (const auto* held : unsaved_) {
        if (!held->more_changed || held->fresh) continue;
        const jobs::Job& j = held->job;
        session_.later(Statement::jobs_save_more, args(j.id, j.priority, texts_value(j.tags), j.waiting_on, children_value(j.children),
                                                       j.acknowledged_at, options_value(j.options), j.needed, j.deadline));
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
        if (number != 0) session_.later(Statement::counts_add, args(key.first, key.second, shard_, number));
    }
    for (const auto& [key, sums] : stats_) {
        session_.later(Statement::stats_add,
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
