#include "storage/detail/job_ops.hpp"

#include <algorithm>
#include <set>

#include "storage/detail/flow.hpp"
#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {
namespace {

using jobs::Job;
using jobs::State;

void set_error(Job& job, std::string code, std::string message) {
    job.error_code = std::move(code);
    job.error_message = std::move(message);
}

void merge(json::object& into, const json::object& from) {
    for (const auto& field : from) into.insert_or_assign(field.key(), field.value());
}

/// 100 belongs to completed jobs only.
int raised(int progress, int to) { return std::max(progress, std::clamp(to, 0, 99)); }

}  // namespace

bool is_owned(const HeldJob& held, const jobs::Lease& lease) {
    const bool runs = held.job.state == State::running || held.job.state == State::cancelling;
    return runs && held.job.attempt == lease.attempt && held.lease && held.lease->attempt == lease.attempt &&
           held.lease->token == lease.token;
}

ledger::Committed fence(Tx& tx, const jobs::Fence& op) {
    const HeldJob* held = tx.job(op.lease.job);
    return held && is_owned(*held, op.lease) ? applied : lost;
}

ledger::Committed in_state(Tx& tx, const jobs::InState& op) {
    const HeldJob* held = tx.job(op.job);
    return held && std::ranges::find(op.states, held->job.state) != op.states.end() ? applied : lost;
}

void create_job(Tx& tx, const jobs::Create& op) {
    if (!tx.is_free(op.job.id)) return;
    Job copy = op.job;
    copy.progress = std::clamp(copy.progress, 0, 99);
    tie(tx, copy, op.needs);
    if (copy.state == State::queued) copy.turn = tx.shared.turns.next(tx.db, copy.queue, copy.priority, copy.owner);
    const Job& job = tx.insert(std::move(copy));
    tx.state_event(job, job.state == State::queued);
    adopt(tx, job);
    if (job.state == State::queued) tx.seat(job);
}

void unblock_job(Tx& tx, const jobs::Unblock& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || held->job.state != State::blocked) return;
    if (!op.input.empty()) {
        const PayloadKeys& keys = tx.shared.payload;
        json::object input;
        tx.db.run(Statement::jobs_input, args(op.job), [&](const Row& row) {
            auto stored = keys.opened(op.job, "input", json::value(Reader{row}.object()));
            if (stored.is_object()) input = std::move(stored.get_object());
        });
        merge(input, op.input);
        tx.db.later(Statement::jobs_save_input, args(op.job, keys.sealed(op.job, "input", input)));
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
    const int before = job.progress;
    job.progress = raised(job.progress, op.progress);
    job.stage = op.stage;
    job.message = op.message;
    if (held->lease) tx.db.later(Statement::progress_remove, args(job.id));
    job.updated_at = op.at;
    tx.changed(*held);
    tx.event("job.stage", job);
    if (job.parent) child_progressed(tx, job, before);
}

void tick_job(Tx& tx, const jobs::Tick& op) {
    HeldJob* held = tx.job(op.lease.job);
    if (!held || !is_owned(*held, op.lease)) return;
    const int before = held->job.progress;
    held->job.progress = raised(held->job.progress, op.progress);
    held->job.message = op.message;
    held->job.updated_at = op.at;
    tx.changed(*held);
    tx.ticks.push_back(job_event("job.progress", held->job));
    if (held->job.parent) child_progressed(tx, held->job, before);
}

void put_progress(Tx& tx, std::span<const jobs::Progress> progress) {
    std::set<Uuid> put;
    for (const auto& p : progress) {
        const auto values = args(p.lease.job, p.lease.attempt, p.lease.token, p.progress, p.message, p.at);
        if (tx.db.dialect() == Dialect::postgres) tx.db.later(Statement::progress_put, values, [&](const Row& row) { put.insert(row.uuid(0)); });
        else if (tx.db.run(Statement::progress_put, values) > 0) put.insert(p.lease.job);
    }
    tx.db.flush();
    for (const auto& p : progress) {
        if (put.contains(p.lease.job)) tx.ticks.push_back(p.event);
    }
}

void save_checkpoint(Tx& tx, const jobs::SaveCheckpoint& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || is_terminal(held->job.state)) return;
    tx.db.later(Statement::jobs_save_checkpoint, args(op.job, tx.shared.payload.sealed(op.job, "checkpoint", op.checkpoint)));
}

void append_log(Tx& tx, const jobs::AppendLog& op) {
    HeldJob* held = tx.job(op.lease.job);
    if (!held || !is_owned(*held, op.lease)) return;
    // A repeated op brings what the store has and perhaps more: it goes on after the newest line, where that is one of
    // its own.
    auto from = op.lines.begin();
    tx.db.run(Statement::log_newest, args(op.lease.job), [&](const Row& row) {
        if (row.integer(0) != op.lease.attempt) return;
        const auto newest = std::ranges::find(op.lines, row.instant(1), &jobs::LogLine::at);
        if (newest != op.lines.end()) from = newest + 1;
    });
    for (auto line = from; line != op.lines.end(); ++line) {
        tx.db.later(Statement::log_append, args(op.lease.job, op.lease.attempt, line->at, line->level, line->message));
    }
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
    // Children that have all ended in the meantime will not wake it any more.
    if (state == State::blocked && job.children.value_or(jobs::Children{}).ended() >= job.children.value_or(jobs::Children{}).total) state = State::queued;
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
    // Those that it has made in this commit, while somebody asked to end it.
    if (op.state == State::blocked && state == State::cancelled) cancel_children(tx, job, op.at);
}

void cancel_job(Tx& tx, const jobs::Cancel& op) {
    if (HeldJob* held = tx.job(op.job)) cancel(tx, *held, op.at);
}

ledger::Committed is_unique(Tx& tx, const jobs::Unique& op) {
    tx.save_jobs();
    tx.db.run(Statement::jobs_lock_unique, args(op.owner, op.key));
    ledger::Committed verdict = applied;
    tx.db.run(Statement::jobs_of_unique_key, args(op.owner, op.key), [&](const Row& row) {
        Reader r{row};
        const auto id = r.uuid();
        const auto state = r.word_of(State::failed);
        const bool counts = std::ranges::find(op.states, state) != op.states.end() && r.instant() >= op.since;
        if (verdict && counts && id != op.except) verdict = {ledger::Outcome::refused, id};
    });
    return verdict;
}

void change_job(Tx& tx, const jobs::Change& op) {
    HeldJob* held = tx.job(op.job);
    if (!held) return;
    Job& job = held->job;
    const bool waits = job.state == State::queued || job.state == State::scheduled || job.state == State::blocked || job.state == State::retry_wait;
    if (!waits) return;
    if (op.tags) job.tags = *op.tags;
    if (op.priority && *op.priority != job.priority) {
        job.priority = *op.priority;
        if (job.state == State::queued) {
            job.turn = tx.shared.turns.next(tx.db, job.queue, job.priority, job.owner);
            tx.queued(job);
        }
    }
    job.updated_at = op.at;
    tx.changed_more(*held);
    State state = job.state;
    if (op.run_at) {
        job.run_at = *op.run_at;
        if (state != State::blocked) state = job.run_at > op.at ? State::scheduled : State::queued;
    }
    if (state != job.state) move(tx, *held, state, op.at);
    else tx.event("job.changed", job);
}

void acknowledge_job(Tx& tx, const jobs::Acknowledge& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || !is_terminal(held->job.state) || held->job.acknowledged_at) return;
    held->job.acknowledged_at = op.at;
    held->job.updated_at = op.at;
    tx.changed_more(*held);
    tx.event("job.acknowledged", held->job);
}

void remove_job(Tx& tx, const jobs::Remove& op) {
    HeldJob* held = tx.job(op.job);
    if (!held || !is_terminal(held->job.state)) return;
    if (!op.silent) tx.event("job.removed", held->job);
    tx.forget(op.job);
    for (const auto statement : {Statement::jobs_remove_attempts, Statement::jobs_remove_log, Statement::jobs_remove_needs, Statement::llm_remove_calls, Statement::jobs_remove}) {
        tx.db.later(statement, args(op.job));
    }
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
    if (job.acknowledged_at) {
        job.acknowledged_at.reset();
        tx.changed_more(*held);
    }
    if (job.deadline && *job.deadline <= op.at) {
        job.deadline.reset();
        tx.changed_more(*held);
    }
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

void forget_events(Tx& tx, const jobs::ForgetEvents& op) { tx.db.run(Statement::events_forget, args(op.before, 1000)); }

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

void declare_kind(Tx& tx, const jobs::DeclareKind& op) {
    const jobs::DeclaredKind& k = op.kind;
    tx.db.run(Statement::kinds_put, args(k.name, jobs::type_word(k.type), k.label, k.attempts_max, options_value(k.options), k.updated_at));
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

bool expire_job(Tx& tx, HeldJob& held, Instant now) {
    Job& job = held.job;
    if (held.lease || is_terminal(job.state) || !job.deadline || *job.deadline > now) return false;
    set_error(job, Code::deadline_exceeded);
    if (job.state == State::running) tx.close_attempt(job.id, now, "failed", job.error_code, job.error_message);
    move(tx, held, State::failed, now);
    cancel_children(tx, job, now);
    return true;
}

}  // namespace millrace::storage::detail
