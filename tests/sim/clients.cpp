#include "clients.hpp"

#include <fmt/format.h>

namespace millrace::sim {

using jobs::State;

Clients::Clients(World& world, std::map<Uuid, Plan>& plans, int jobs, Duration until)
    : world_{world}, plans_{plans}, jobs_{jobs}, until_{until}, chance_{world.fork(7)}, org_{chance_.uuid()} {
    for (int i = 0; i < 3; ++i) owners_.push_back(chance_.uuid());
}

void Clients::begin() {
    make_queues();
    while (static_cast<int>(plans_.size()) < jobs_) {
        if (chance_.is(0.03)) add_workflow();
        else add_alone();
    }
    for (const auto* queue : {"default", "keyed"}) {
        if (!chance_.is(0.3)) continue;
        world_.later(chance_.time(Duration{0}, until_ / 2), [this, queue] { pause_queue(queue, true); });
    }
}

void Clients::make_queues() {
    const jobs::Queue queues[] = {
        {.name = "narrow", .running_max = narrow_max, .updated_at = World::epoch},
        {.name = "paced", .rate_count = 20, .rate_period_ms = 1000, .updated_at = World::epoch},
        {.name = "keyed", .key_running_max = 1, .updated_at = World::epoch},
    };
    // Before anything goes wrong: limits that come later bind nobody who runs already.
    for (const auto& queue : queues) world_.commit(std::move(ledger::Commit{}.add(jobs::PutQueue{queue})));
}

Plan Clients::make_plan(Chance& c) {
    Plan plan;
    jobs::Job& job = plan.job;
    job.id = c.uuid();
    job.kind = "plain";
    job.owner = owners_[static_cast<std::size_t>(c.between(0, 2))];
    job.org = org_;
    job.priority = c.number(-1, 1);
    job.attempts_max = c.number(1, 4);
    if (c.is(0.5)) job.options.retry = jobs::RetryPolicy{.strategy = jobs::RetryStrategy::fixed, .base_ms = c.between(0, 3000)};
    const double queue = c.uniform();
    if (queue < 0.1) job.queue = "narrow";
    else if (queue < 0.2) job.queue = "paced";
    else if (queue < 0.35) job.queue = "keyed";
    if (job.queue == "keyed" && c.is(0.8)) job.limit_key = fmt::format("k{}", c.number(0, 4));
    plan.pieces = c.number(0, 5);
    plan.piece_max = c.is(0.05) ? Duration{30s} : job.queue == "default" ? Duration{2s} : Duration{500ms};
    plan.effect = c.is(0.7);
    if (plan.effect && c.is(0.1)) plan.content = fmt::format("content {} of {}", c.number(0, 3), job.owner.str());
    plan.steps = c.is(0.2);
    if (c.is(0.25)) plan.fails = c.number(1, 2);
    plan.hopeless = c.is(0.05);
    if (c.is(0.1)) plan.snoozes = c.number(1, 3);
    plan.hangs = c.is(0.03);
    if (plan.hangs || c.is(0.1)) job.options.timeout_ms = c.between(500, 6000);
    if (plan.hangs) plan.piece_max = 1s;
    return plan;
}

void Clients::add_alone() {
    Plan plan = make_plan(chance_);
    jobs::Job& job = plan.job;
    const auto at = chance_.time(Duration{0}, until_ * 3 / 5);
    if (chance_.is(0.07)) {
        job.kind = "external";
        job.attempts_max = 1;
    }
    job.created_at = job.updated_at = job.run_at = World::epoch + at;
    if (!job.external() && chance_.is(0.1)) {
        job.state = State::scheduled;
        job.run_at += chance_.time(Duration{0}, 20s);
    }
    if (chance_.is(0.05)) job.deadline = job.created_at + chance_.time(1s, 40s);
    const auto id = job.id;
    plans_.emplace(id, std::move(plan));
    world_.later(at, [this, id] { create({{id, {}}}); });
    act_on(id, at);
}

/// A parent whose children need each other.
void Clients::add_workflow() {
    const auto at = chance_.time(Duration{0}, until_ * 3 / 5);
    std::vector<std::pair<Uuid, std::vector<jobs::Need>>> group;
    Plan parent = make_plan(chance_);
    parent.job.kind = "workflow";
    parent.job.state = State::running;
    parent.job.queue = "default";
    parent.job.limit_key.reset();
    parent.job.created_at = parent.job.updated_at = parent.job.run_at = World::epoch + at;
    parent.job.started_at = parent.job.created_at;
    const auto parent_id = parent.job.id;
    group.emplace_back(parent_id, std::vector<jobs::Need>{});
    plans_.emplace(parent_id, std::move(parent));
    for (int i = chance_.number(1, 4); i > 0; --i) {
        Plan child = make_plan(chance_);
        child.job.parent = parent_id;
        child.job.created_at = child.job.updated_at = child.job.run_at = World::epoch + at;
        std::vector<jobs::Need> needs;
        for (std::size_t before = 1; before < group.size(); ++before) {
            if (chance_.is(0.5)) needs.push_back({group[before].first, static_cast<jobs::NeedOutcome>(chance_.number(0, 2))});
        }
        group.emplace_back(child.job.id, std::move(needs));
        act_on(child.job.id, at);
        plans_.emplace(child.job.id, std::move(child));
    }
    world_.later(at, [this, group] { create(group); });
}

void Clients::create(std::vector<std::pair<Uuid, std::vector<jobs::Need>>> jobs) {
    insist(Duration{0}, std::nullopt, [this, jobs] {
        ledger::Commit all;
        for (const auto& [id, needs] : jobs) all.add(jobs::Create{plans_.at(id).job, needs});
        if (!commit(std::move(all))) throw Violation{"a job was not accepted"};
        for (const auto& [id, needs] : jobs) plans_.at(id).created = true;
        world_.note("created {}", jobs[0].first.str());
        return true;
    });
}

void Clients::act_on(const Uuid& id, Duration at) {
    if (chance_.is(0.08)) world_.later(at + chance_.time(Duration{0}, 8s), [this, id] { cancel(id); });
    const auto plan = plans_.find(id);
    if (plan != plans_.end() && plan->second.job.external()) {
        world_.later(at + chance_.time(Duration{0}, 6s), [this, id] { report(id); });
        if (chance_.is(0.6)) world_.later(at + chance_.time(Duration{0}, 8s), [this, id] { cancel(id); });
        return;
    }
    if (chance_.is(0.1)) world_.later(at + chance_.time(1s, 30s), [this, id] { retry(id); });
}

void Clients::insist(Duration time, std::optional<Uuid> job, std::function<bool()> body) {
    world_.later(time, [this, job, body] {
        if (job && !busy_.insert(*job).second) return insist(100ms, job, body);
        bool done = false;
        try {
            done = body();
        } catch (const Error&) {
            // No answer: it may have happened or not.
        } catch (const PowerCut&) {
            if (job) busy_.erase(*job);
            insist(500ms, job, body);
            throw;
        }
        if (job) busy_.erase(*job);
        if (!done) insist(chance_.time(20ms, 1s), job, body);
    });
}

/// What a person expects of a job that two of them cancel and retry at once cannot be said. Those who report the end of
/// an external job and those who cancel it do meet: one of them is refused.
std::optional<Uuid> Clients::one_at_a_time(const Uuid& id) const {
    return plans_.at(id).job.external() ? std::nullopt : std::optional{id};
}

std::optional<jobs::Job> Clients::get(const Uuid& job) {
    return world_.call(nullptr, "get", [&] { return world_.store().get(job); });
}

ledger::Committed Clients::commit(ledger::Commit commit) {
    return world_.call(nullptr, "client's commit", [&] { return world_.commit(std::move(commit)); });
}

void Clients::cancel(const Uuid& id) {
    insist(Duration{0}, one_at_a_time(id), [this, id] {
        Plan& plan = plans_.at(id);
        if (!plan.created) return false;
        const auto job = get(id);
        if (!job) throw Violation{"G1: job " + id.str() + " was accepted and is gone"};
        // One that gave up because of another job comes back with it: that is not what this client asked for.
        const bool stops = job->state == State::cancelling || (job->state == State::cancelled && job->error_code == to_string(Code::cancelled));
        if (!stops && is_terminal(job->state)) return true;
        if (!stops && !commit(std::move(ledger::Commit{}.guard(jobs::InState{id, {job->state}}).add(jobs::Cancel{id, World::epoch + world_.now()})))) return false;
        plan.cancelled = true;
        world_.note("cancelled {}", id.str());
        return true;
    });
}

void Clients::retry(const Uuid& id) {
    insist(Duration{0}, id, [this, id] {
        Plan& plan = plans_.at(id);
        if (!plan.created) return false;
        const auto job = get(id);
        if (!can_retry(job->state)) return true;
        plan.cancelled = false;
        plan.retried = true;
        const auto done = commit(std::move(ledger::Commit{}.guard(jobs::InState{id, {job->state}}).add(jobs::Retry{id, World::epoch + world_.now()})));
        world_.note("retried {}: {}", id.str(), static_cast<bool>(done));
        return true;
    });
}

/// The owner of an external job starts it, works, and reports its end.
void Clients::report(const Uuid& id) {
    insist(Duration{0}, one_at_a_time(id), [this, id] {
        if (!plans_.at(id).created) return false;
        const auto job = get(id);
        if (is_terminal(job->state)) return true;
        if (job->state != State::queued) return true;
        commit(std::move(ledger::Commit{}.guard(jobs::InState{id, {State::queued}}).add(jobs::StartExternal{id, World::epoch + world_.now()})));
        return true;
    });
    insist(chance_.time(Duration{0}, 4s), one_at_a_time(id), [this, id] {
        Plan& plan = plans_.at(id);
        if (!plan.created) return false;
        const auto job = get(id);
        if (is_terminal(job->state)) return true;
        if (job->state != State::running) return false;
        jobs::Settle settle;
        settle.job = id;
        settle.outcome = "completed";
        settle.at = World::epoch + world_.now();
        if (!commit(std::move(ledger::Commit{}.guard(jobs::InState{id, {State::running}}).add(std::move(settle))))) return true;
        plan.reported = true;
        world_.note("reported {}", id.str());
        return true;
    });
}

void Clients::pause_queue(const std::string& name, bool paused) {
    insist(Duration{0}, std::nullopt, [this, name, paused] {
        auto queue = world_.call(nullptr, "queue", [&] { return world_.store().queue(name); });
        if (!queue) return false;
        if (!paused) world_.paused_.erase(name);
        const int version = queue->version;
        queue->paused = paused;
        queue->version += 1;
        if (!commit(std::move(ledger::Commit{}.guard(jobs::QueueVersion{name, version}).add(jobs::PutQueue{*queue})))) return false;
        if (!paused) return true;
        world_.paused_.insert(name);
        world_.later(chance_.time(1s, 20s), [this, name] { pause_queue(name, false); });
        return true;
    });
}

void Clients::finish() {
    for (const auto& [id, plan] : plans_) {
        if (plan.job.external()) report(id);
    }
}

}  // namespace millrace::sim
