#include "storage/detail/flow.hpp"

#include <algorithm>

namespace millrace::storage::detail {
namespace {

using jobs::Job;
using jobs::NeedOutcome;
using jobs::State;

bool is_met(NeedOutcome outcome, State state) {
    switch (outcome) {
        case NeedOutcome::success:
            return state == State::completed;
        case NeedOutcome::failure:
            return state == State::failed || state == State::cancelled;
        case NeedOutcome::end:
            break;
    }
    return true;
}

/// A job that will not run, because what it needs has ended otherwise. A follow-up of a failure that did not happen is
/// as good as done.
void give_up(Job& job, NeedOutcome outcome) {
    set_error(job, outcome == NeedOutcome::failure ? Code::not_needed : Code::dependency_failed);
}

struct Dependent {
    Uuid job;
    NeedOutcome outcome = NeedOutcome::success;
    std::string state;
};

std::vector<Dependent> dependents(Tx& tx, const Uuid& job) {
    return all(tx.db, Statement::needs_of, args(job), [](const Row& row) {
        Reader r{row};
        return Dependent{r.uuid(), r.word_of(NeedOutcome::end), r.text()};
    });
}

void settle_dependents(Tx& tx, const Job& ended) {
    for (const auto& dependent : dependents(tx, ended.id)) {
        HeldJob* held = tx.job(dependent.job);
        if (!held || dependent.state != "waiting") continue;
        const bool met = is_met(dependent.outcome, ended.state);
        tx.db.later(Statement::needs_set, args(dependent.job, ended.id, met ? "met" : "missed"));
        held->job.waiting_on -= 1;
        tx.changed_more(*held);
        if (held->job.state != State::blocked) continue;
        if (!met) {
            give_up(held->job, dependent.outcome);
            move(tx, *held, State::cancelled, ended.updated_at);
        } else if (held->job.waiting_on <= 0) {
            held->job.run_at = std::max(held->job.run_at, ended.updated_at);
            move(tx, *held, held->job.run_at > ended.updated_at ? State::scheduled : State::queued, ended.updated_at);
        }
    }
}

/// The job runs again: those that had given up because of it wait for it once more.
void revive_dependents(Tx& tx, const Job& again) {
    for (const auto& dependent : dependents(tx, again.id)) {
        HeldJob* held = tx.job(dependent.job);
        if (!held || dependent.state != "missed") continue;
        Job& job = held->job;
        const bool gave_up = job.error_code == to_string(Code::dependency_failed) || job.error_code == to_string(Code::not_needed);
        if (job.state != State::cancelled || !gave_up) continue;
        tx.db.run(Statement::needs_set, args(job.id, again.id, "waiting"));
        job.waiting_on += 1;
        tx.changed_more(*held);
        job.error_code.clear();
        job.error_message.clear();
        move(tx, *held, State::blocked, again.updated_at);
    }
}

int& counter(jobs::Children& children, const Job& child) {
    if (child.state == State::failed) return children.failed;
    const bool done = child.state == State::completed || child.error_code == to_string(Code::not_needed);
    return done ? children.completed : children.cancelled;
}

/// Its children have ended: it goes on.
void wake_parent(Tx& tx, HeldJob& parent, Instant at) {
    parent.job.run_at = at;
    move(tx, parent, State::queued, at);
}

/// A workflow shows the mean of its children and ends with the last of them; a job that waits for its children goes on then.
void show_parent(Tx& tx, HeldJob& parent, Instant at) {
    Job& job = parent.job;
    if (!job.workflow() && !job.awaits_children()) return;
    const auto& children = *job.children;
    if (children.ended() < children.total) {
        if (is_terminal(job.state)) return;
        const int progress = std::max(job.progress, std::clamp(static_cast<int>(children.progress / std::max(1, children.total)), 0, 99));
        if (progress == job.progress) return;
        job.progress = progress;
        job.updated_at = at;
        return tx.event("job.stage", job);
    }
    if (is_terminal(job.state)) return;
    if (job.awaits_children()) return wake_parent(tx, parent, at);
    const bool failed = job.batch() ? children.completed == 0 : children.failed + children.cancelled > 0;
    if (failed) set_error(job, Code::children_failed, {{"failed", std::to_string(children.failed)}, {"cancelled", std::to_string(children.cancelled)}, {"total", std::to_string(children.total)}});
    move(tx, parent, failed ? State::failed : State::completed, at);
}

/// A child of an ended workflow runs again.
void reopen_parent(Tx& tx, HeldJob& parent, Instant at) {
    if (!parent.job.workflow() || !is_terminal(parent.job.state)) return;
    parent.job.error_code.clear();
    parent.job.error_message.clear();
    move(tx, parent, State::running, at);
}

/// The parent as it is counted in; nothing for a job without one.
HeldJob* parent_of(Tx& tx, const Job& job) {
    if (!job.parent) return nullptr;
    HeldJob* held = tx.job(*job.parent);
    if (!held) return nullptr;
    if (!held->job.children) held->job.children.emplace();
    tx.changed_more(*held);
    return held;
}

void tell_parent(Tx& tx, const Job& before, const Job& job) {
    HeldJob* parent = parent_of(tx, job);
    if (!parent) return;
    auto& children = *parent->job.children;
    // An ended child counts whole, whatever it has reached.
    const auto weight = [](const Job& j) { return is_terminal(j.state) ? 100 : j.progress; };
    children.progress += weight(job) - weight(before);
    if (is_terminal(before.state)) counter(children, before) -= 1;
    if (is_terminal(job.state)) counter(children, job) += 1;
    if (is_terminal(before.state) && !is_terminal(job.state)) reopen_parent(tx, *parent, job.updated_at);
    if (!is_terminal(before.state) && is_terminal(job.state)) show_parent(tx, *parent, job.updated_at);
}

}  // namespace

void set_error(Job& job, Code code, Error::Args args) {
    job.error_code = to_string(code);
    job.error_message = Error{code, std::move(args)}.what();
}

void move(Tx& tx, HeldJob& held, State state, Instant at) {
    Job& job = held.job;
    Job before;
    before.state = job.state;
    before.progress = job.progress;
    if (is_terminal(before.state)) before.error_code = held.ended_with;
    tx.count(job, job.state, state, at);
    // Whoever comes to the queue goes to its end; one that was taken back keeps its place.
    const bool ran = job.state == State::running || job.state == State::cancelling;
    if (state == State::queued && !ran) job.turn = tx.shared.turns.next(tx.db, job.queue, job.priority, job.owner);
    if (state == State::queued) tx.queued(job);
    job.state = state;
    job.updated_at = at;
    job.completed_at = is_terminal(state) ? std::optional{at} : std::nullopt;
    if (state == State::completed) job.progress = 100;
    if (before.state == State::completed) job.progress = 0;
    tx.changed(held);
    tx.state_event(job, state == State::completed && held.ended);
    if (job.needed && is_terminal(state)) settle_dependents(tx, job);
    if (job.needed && is_terminal(before.state) && !is_terminal(state)) revive_dependents(tx, job);
    if (job.parent) tell_parent(tx, before, job);
    held.ended_with = job.error_code;
}

void tie(Tx& tx, Job& job, const std::vector<jobs::Need>& needs) {
    for (const auto& need : needs) {
        HeldJob* needed = tx.job(need.job);
        if (!needed) continue;
        std::string_view state = "waiting";
        if (is_terminal(needed->job.state)) {
            const bool met = is_met(need.outcome, needed->job.state);
            state = met ? "met" : "missed";
            if (!met) {
                give_up(job, need.outcome);
                job.state = State::cancelled;
                job.completed_at = job.created_at;
            }
        } else {
            job.waiting_on += 1;
        }
        if (!needed->job.needed) {
            needed->job.needed = true;
            tx.changed_more(*needed);
        }
        tx.db.later(Statement::needs_insert, args(job.id, need.job, need.outcome, state));
    }
    if (job.waiting_on > 0 && !is_terminal(job.state)) job.state = State::blocked;
}

void adopt(Tx& tx, const Job& job) {
    HeldJob* parent = parent_of(tx, job);
    if (!parent) return;
    auto& children = *parent->job.children;
    children.total += 1;
    if (!is_terminal(job.state)) return;
    children.progress += 100;
    counter(children, job) += 1;
}

void child_progressed(Tx& tx, const Job& child, int from) {
    if (child.progress == from) return;
    HeldJob* parent = parent_of(tx, child);
    if (!parent) return;
    parent->job.children->progress += child.progress - from;
    show_parent(tx, *parent, child.updated_at);
}

void cancel(Tx& tx, HeldJob& held, Instant at) {
    if (is_terminal(held.job.state) || held.job.state == State::cancelling) return;
    Job& job = held.job;
    if (job.state == State::running && !job.external() && !job.workflow()) {
        move(tx, held, State::cancelling, at);
    } else {
        set_error(job, Code::cancelled);
        if (job.state == State::running && job.external()) tx.close_attempt(job.id, at, "cancelled", job.error_code, job.error_message);
        move(tx, held, State::cancelled, at);
    }
    cancel_children(tx, job, at);
}

void cancel_children(Tx& tx, const Job& parent, Instant at) {
    if (!parent.children) return;
    tx.save_jobs();
    for (const auto& id : all(tx.db, Statement::jobs_unfinished_children, args(parent.id), [](const Row& row) { return row.uuid(0); })) {
        if (HeldJob* child = tx.job(id)) cancel(tx, *child, at);
    }
}

}  // namespace millrace::storage::detail
