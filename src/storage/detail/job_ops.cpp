#include "storage/detail/job_ops.hpp"

#include <algorithm>

#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {
namespace {

using jobs::Job;
using jobs::State;

bool owned(const HeldJob& held, const jobs::Lease& lease) {
    const bool runs = held.job.state == State::running || held.job.state == State::cancelling;
    return runs && held.job.attempt == lease.attempt && held.lease && held.lease->attempt == lease.attempt &&
           held.lease->token == lease.token;
}

/// Moves the job and tells of it. completed_at stands exactly in ended jobs, 100 exactly in completed ones.
void move(Tx& tx, HeldJob& held, State state, Instant at) {
    Job& job = held.job;
    tx.count(job, job.state, state, at);
    // Whoever comes to the queue goes to its end; one that was taken back keeps its place.
    const bool ran = job.state == State::running || job.state == State::cancelling;
    if (state == State::queued && !ran) job.turn = tx.shared.turns.next(tx.db, job.queue, job.priority, job.owner);
    job.state = state;
    job.updated_at = at;
    job.completed_at = is_terminal(state) ? std::optional{at} : std::nullopt;
    if (state == State::completed) job.progress = 100;
    tx.changed(held);
    tx.state_event(job);
}

void set_error(Job& job, std::string code, std::string message) {
    job.error_code = std::move(code);
    job.error_message = std::move(message);
}

void set_error(Job& job, Code code, Error::Args args = {}) {
    set_error(job, std::string{to_string(code)}, Error{code, std::move(args)}.what());
}

void merge(json::object& into, const json::object& from) {
    for (const auto& field : from) into.insert_or_assign(field.key(), field.value());
}

/// 100 belongs to completed jobs only.
int raised(int progress, int to) { return std::max(progress, std::clamp(to, 0, 99)); }

}  // namespace

ledger::Committed fence(Tx& tx, const jobs::Fence& op) {
    const HeldJob* held = tx.job(op.lease.job);
    return held && owned(*held, op.lease) ? applied : lost;
}

ledger::Committed in_state(Tx& tx, const jobs::InState& op) {
    const HeldJob* held = tx.job(op.job);
    return held && std::ranges::find(op.states, held->job.state) != op.states.end() ? applied : lost;
}

void create_job(Tx& tx, const jobs::Create& op) {
    if (tx.job(op.job.id)) return;
    Job job = op.job;
    job.progress = std::clamp(job.progress, 0, 99);
    if (job.state == State::queued) job.turn = tx.shared.turns.next(tx.db, job.queue, job.priority, job.owner);
    tx.insert(job);
    tx.state_event(job);
}

void unblock_job(Tx& tx, const jobs::Unblock& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || held->job.state != State::blocked) return;
    if (!op.input.empty()) {
        json::object input;
        tx.db.run(Statement::jobs_input, args(op.job), [&](const Row& row) { input = Reader{row}.object(); });
        merge(input, op.input);
        tx.db.later(Statement::jobs_save_input, args(op.job, input));
    }
    if (op.supplier_id) held->job.supplier_id = op.supplier_id;
    held->job.run_at = op.at;
    move(tx, *held, State::queued, op.at);
}

void reopen_job(Tx& tx, const jobs::Reopen& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || held->job.state != State::failed) return;
    set_error(held->job, "", "");
    move(tx, *held, State::blocked, op.at);
}

void stage_job(Tx& tx, const jobs::Stage& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || is_terminal(held->job.state)) return;
    Job& job = held->job;
    job.progress = raised(job.progress, op.progress);
    job.stage = op.stage;
    job.message = op.message;
    job.updated_at = op.at;
    tx.changed(*held);
    tx.event("job.stage", job);
}

void tick_job(Tx& tx, const jobs::Tick& op) {
    HeldJob* held = tx.job(op.lease.job);
    if (!held || !owned(*held, op.lease)) return;
    held->job.progress = raised(held->job.progress, op.progress);
    held->job.message = op.message;
    held->job.updated_at = op.at;
    tx.changed(*held);
}

void settle_job(Tx& tx, const jobs::Settle& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || is_terminal(held->job.state)) return;
    Job& job = held->job;
    State state = op.state;
    set_error(job, op.error_code, op.error_message);
    if (job.state == State::cancelling && !is_terminal(state)) {
        // Somebody asked to end it: it does not go back to the queue.
        state = State::cancelled;
        set_error(job, Code::cancelled);
    }
    merge(job.metadata, op.metadata);
    if (op.result) {
        job.result = *op.result;
        held->result_changed = true;
    }
    if (op.related_dataset_id) job.related_dataset_id = op.related_dataset_id;
    if (op.result_file_id) job.result_file_id = op.result_file_id;
    if (op.run_at) job.run_at = *op.run_at;
    if (state == State::completed) job.stage = word(state);
    if (op.uncount) job.attempt = std::max(0, job.attempt - 1);
    tx.drop_lease(*held);
    tx.close_attempt(job.id, op.at, op.outcome, op.error_code, op.error_message);
    move(tx, *held, state, op.at);
}

void cancel_job(Tx& tx, const jobs::Cancel& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || is_terminal(held->job.state) || held->job.state == State::cancelling) return;
    Job& job = held->job;
    if (job.state == State::running && !job.external()) return move(tx, *held, State::cancelling, op.at);
    set_error(job, Code::cancelled);
    if (job.state == State::running) tx.close_attempt(job.id, op.at, "cancelled", job.error_code, job.error_message);
    move(tx, *held, State::cancelled, op.at);
}

void retry_job(Tx& tx, const jobs::Retry& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || !can_retry(held->job.state)) return;
    Job& job = held->job;
    job.attempt = job.losses = job.crashes = 0;
    job.run_at = op.at;
    job.started_at.reset();
    job.result = nullptr;
    held->result_changed = true;
    set_error(job, "", "");
    move(tx, *held, State::queued, op.at);
}

void start_external_job(Tx& tx, const jobs::StartExternal& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || !held->job.external() || held->job.state != State::queued) return;
    Job& job = held->job;
    job.attempt += 1;
    if (!job.started_at) job.started_at = op.at;
    tx.db.later(Statement::attempts_insert, args(job.id, job.attempt, "external", op.at));
    move(tx, *held, State::running, op.at);
}

ledger::Committed queue_version(Tx& tx, const jobs::QueueVersion& op) {
    int version = 0;
    tx.db.run(Statement::queues_get, args(op.name), [&](const Row& row) { version = read_queue(row).version; });
    return version == op.version ? applied : lost;
}

void put_queue(Tx& tx, const jobs::PutQueue& op) {
    const jobs::Queue& q = op.queue;
    tx.db.run(Statement::queues_put, args(q.name, q.paused, q.running_max, q.rate_count, q.rate_period_ms, q.key_running_max,
                                          q.key_rate_count, q.key_rate_period_ms, q.version, q.updated_at));
}

bool take_back_job(Tx& tx, HeldJob& held, bool restart, Instant now) {
    Job& job = held.job;
    if (!held.lease || (job.state != State::running && job.state != State::cancelling)) return false;
    State state = jobs::after_loss(job);
    if (restart) {
        state = job.state == State::cancelling ? State::cancelled : State::queued;
        job.attempt = std::max(0, job.attempt - 1);
    } else {
        job.losses += 1;
    }
    if (state == State::failed) set_error(job, Code::worker_crashed, {{"times", std::to_string(job.losses)}});
    if (state == State::cancelled) set_error(job, Code::cancelled);
    if (state == State::queued) job.run_at = now;
    tx.drop_lease(held);
    tx.close_attempt(job.id, now, "lost", to_string(Code::worker_lost), Error{Code::worker_lost}.what());
    move(tx, held, state, now);
    return true;
}

}  // namespace millrace::storage::detail
