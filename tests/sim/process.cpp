#include "process.hpp"

#include <fmt/format.h>

#include "datasets/ops.hpp"

namespace millrace::sim {

using jobs::detail::StopReason;

Process::Process(World& world, int i, unsigned l)
    : index{i},
      life{l},
      id{world.chance().uuid()},
      world_{world},
      chance_{world.chance().fork(l)},
      clock_{world},
      ledger_{*this},
      store_{*this},
      core_{World::settings, kinds(), {store_, ledger_, hub, clock_, world.steady(), chance_}, log_,
            jobs::Worker{id, fmt::format("host-{}", i), static_cast<int>(l), "worker", world.database_time(), world.database_time()}},
      slots_{chance_.number(1, 6)} {
    const auto skew = world.faults().skew_max;
    if (skew > Duration{0}) clock_.offset = chance_.time(-skew, skew);
    events::Interest all;
    all.scope.role = Role::admin;
    all.scope.reach = Scope::Reach::all;
    watcher = hub.subscribe(std::move(all));
}

std::vector<jobs::Kind> Process::kinds() {
    std::vector<jobs::Kind> out;
    // What a job does is driven piece by piece, see step(); a kind without a function would not be claimed.
    out.push_back({.name = "plain", .attempts_max = 3, .timeout = 40s, .run = [](jobs::Context&) {}});
    return out;
}

void Process::start() {
    try {
        core_.hello(false);
    } catch (const Error&) {
        // A program whose database is away at the start ends; whoever starts programs tries again.
        throw Crash{};
    }
    core_.watch([this] {
        if (std::exchange(woken_, true)) return;
        later(chance_.time(Duration{100}, 2ms), [this] {
            woken_ = false;
            dispatch();
        });
    });
    seats_ = std::make_shared<Seats>(*this);
    core_.offer(seats_);
    dispatch();
    later(World::settings.heartbeat, [this] { beat(); });
    later(200ms, [this] { tick(); });
}

void Process::stop(Duration grace) {
    if (std::exchange(draining_, true)) return;
    if (seats_) seats_->process = nullptr;
    world_.note("process {} drains", index);
    later(grace, [this] {
        core_.stop_all(StopReason::released);
        leave_when_idle();
    });
}

void Process::leave_when_idle() {
    if (busy_ > 0 || dispatching_) return later(100ms, [this] { leave_when_idle(); });
    core_.unwatch();
    core_.goodbye();
    world_.process_ended(*this);
}

void Process::dispatch() {
    if (dispatching_) return plan_dispatch(1ms);
    dispatching_ = true;
    auto claims = core_.claim_turn(draining_ ? 0 : slots_ - busy_);
    dispatching_ = false;
    for (auto& attempt : claims.attempts) begin(std::move(attempt));
    if (world_.mutation() != Mutation::lost_wakeups) plan_dispatch(claims.wait);
}

void Process::begin(jobs::detail::Core::Attempt attempt) {
    auto run = std::make_shared<Run>();
    run->plan = &world_.plan(attempt->job().id);
    run->number = run->plan->runs++;
    run->chance = world_.fork(static_cast<std::uint64_t>(run->number)).fork(std::hash<Uuid>{}(attempt->job().id));
    run->attempt = std::move(attempt);
    ++busy_;
    later(chance_.time(Duration{10}, 1ms), [this, run] { step(run); });
}

bool Process::Seats::take(const std::string& kind) {
    if (!process || !process->alive || process->busy_ + taken >= process->slots_ || !process->core_.runs(kind)) return false;
    ++taken;
    return true;
}

void Process::Seats::give_back() { --taken; }

/// A process that ended meanwhile never hears of it: the job is one of a lost worker.
void Process::Seats::fill(jobs::Claimed claimed) {
    --taken;
    if (!process) return;
    process->world_.check_started({claimed});
    process->begin(process->core_.adopt(std::move(claimed)));
}

/// Only the newest plan counts.
void Process::plan_dispatch(Duration time) {
    later(time, [this, number = ++dispatch_no_] {
        if (number == dispatch_no_) dispatch();
    });
}

void Process::beat() {
    core_.beat_turn();
    later(World::settings.heartbeat, [this] { beat(); });
}

void Process::tick() {
    core_.tick_turn();
    later(200ms, [this] { tick(); });
}

void Process::step(const RunPtr& run) {
    const bool ended = core_.run_piece(*run->attempt, [&](jobs::Context& context) { return piece(*run, context); });
    if (ended) return later(Duration{10}, [this, run] { settle(run); });
    later(run->chance.skewed(run->plan->piece_max), [this, run] { step(run); });
}

void Process::settle(const RunPtr& run) {
    if (const auto pause = core_.settle(*run->attempt)) return later(*pause, [this, run] { settle(run); });
    core_.forget(*run->attempt);
    --busy_;
    plan_dispatch(Duration{10});
}

/// One step of a handler; true when it returns.
bool Process::piece(Run& run, jobs::Context& context) {
    Plan& plan = *run.plan;
    if (run.piece++ < plan.pieces) {
        const int progress = run.piece * 99 / (plan.pieces + 1);
        switch (run.chance.number(0, 4)) {
            case 0: context.stage(progress, fmt::format("stage {}", run.piece)); break;
            case 1: context.tick(progress, "tick"); break;
            case 2: context.log(observe::Level::info, fmt::format("run {} piece {}", run.number, run.piece)); break;
            case 3: context.save_checkpoint(json::object{{"piece", run.piece}}); break;
            default: break;
        }
        if (plan.steps) {
            const auto name = fmt::format("step {}", run.piece % 2);
            const auto result = context.step(name, [&] { return json::value(run.number); });
            const auto [known, fresh] = plan.step_results.emplace(name, static_cast<int>(result.as_int64()));
            if (!fresh && known->second != result.as_int64()) throw Violation{"a step answered " + json::serialize(result) + " after another result"};
        }
        return false;
    }
    if (plan.hangs) return false;
    if (plan.snoozes > 0 && run.chance.is(0.7)) {
        --plan.snoozes;
        context.snooze(run.chance.time(Duration{0}, 8s));
    }
    if (plan.hopeless) throw Error{Code::not_text};
    if (run.number < plan.fails) throw Error{Code::storage_failed, {{"why", "simulated"}}};
    return !plan.effect || finish(run, context);
}

bool Process::finish(Run& run, jobs::Context& context) {
    const Plan& plan = *run.plan;
    datasets::Dataset effect;
    effect.id = run.chance.uuid();  // one for each run: an effect that is applied twice shows
    effect.owner = plan.job.owner;
    effect.org = plan.job.org;
    effect.job_id = effect.file_id = plan.job.id;
    effect.sha256 = plan.content.empty() ? effect.id.str() : plan.content;
    effect.created_at = wall();
    jobs::Finish finish;
    finish.related_dataset_id = effect.id;
    if (!plan.content.empty()) {
        datasets::Unique unique;
        unique.id = effect.id;
        unique.owner = effect.owner;
        unique.sha256 = effect.sha256;
        unique.version = effect.version;
        finish.with.guard(std::move(unique));
    }
    finish.with.add(datasets::Put{effect});
    const auto done = context.finish(std::move(finish));
    if (done.outcome == ledger::Outcome::refused) throw Error{Code::duplicate, {{"existing_dataset_id", done.existing.str()}}};
    return true;
}

namespace {

template <class T>
bool is(const ledger::Op& op) {
    return dynamic_cast<const T*>(&op) != nullptr;
}

template <class T>
bool has(const ledger::Ops& ops) {
    return std::ranges::any_of(ops, [](const auto& op) { return is<T>(*op); });
}

/// Shares nothing, so the same op is given again as a copy.
template <class T>
std::unique_ptr<const ledger::Op> copy(const ledger::Op& op) {
    return std::make_unique<const T>(dynamic_cast<const T&>(op));
}

}  // namespace

ledger::Committed Process::Ledger::commit(ledger::Commit commit) {
    World& world = process.world_;
    if (world.mutation() == Mutation::split_transaction && has<datasets::Put>(commit.ops)) {
        ledger::Commit effects;
        for (auto& guard : commit.guards) {
            if (is<jobs::Fence>(*guard)) effects.guards.push_back(copy<jobs::Fence>(*guard));
        }
        std::erase_if(commit.ops, [&](auto& op) {
            if (!is<datasets::Put>(*op)) return false;
            effects.ops.push_back(std::move(op));
            return true;
        });
        const auto first = world.call(&process, "commit effects", [&] { return world.commit(std::move(effects)); });
        if (!first) return first;
    }
    return world.call(&process, "commit", [&] { return world.commit(std::move(commit)); });
}

void Process::Store::offer(const jobs::Worker& worker, std::shared_ptr<jobs::Seats> seats) {
    process.world_.store().offer(worker, std::move(seats));
}

std::vector<jobs::Claimed> Process::Store::claim(const jobs::Claim& claim) {
    return process.world_.call(&process, "claim", [&] { return process.world_.claim(claim); });
}

std::optional<Instant> Process::Store::next_due() {
    return process.world_.call(&process, "next due", [&] { return process.world_.store().next_due(); });
}

void Process::Store::show_progress(const std::vector<jobs::Progress>& progress) {
    process.world_.call(&process, "show progress", [&] {
        process.world_.store().show_progress(progress);
        return true;
    });
}

void Process::Store::hello(const jobs::Worker& worker) {
    World& world = process.world_;
    world.call(&process, "hello", [&] {
        auto w = worker;
        w.seen_at = world.database_time();
        world.store().hello(w);
        world.worker_seen(w.id);
        return true;
    });
}

void Process::Store::spare_remote(const Uuid& self, Duration absence, Instant) {
    World& world = process.world_;
    world.call(&process, "spare remote", [&] {
        world.store().spare_remote(self, absence, world.database_time());
        return true;
    });
}

jobs::Beat Process::Store::beat(const Uuid& worker, Instant) {
    World& world = process.world_;
    return world.call(&process, "beat", [&] {
        auto answer = world.store().beat(worker, world.database_time());
        if (answer.known) world.worker_seen(worker);
        return answer;
    });
}

void Process::Store::goodbye(const Uuid& worker) {
    World& world = process.world_;
    world.call(&process, "goodbye", [&] {
        world.worker_left(worker);  // first: the power may fail when it is applied
        world.store().goodbye(worker);
        return true;
    });
}

std::vector<Uuid> Process::Store::hand_back_forgotten(const Uuid& worker, const std::vector<Uuid>& running, Duration age, Instant) {
    World& world = process.world_;
    if (world.mutation() == Mutation::forgotten_claims) return {};
    return world.call(&process, "hand back", [&] {
        auto jobs = world.store().hand_back_forgotten(worker, running, age, world.database_time());
        for (const auto& job : jobs) world.note("  handed back {}", job.str());
        return jobs;
    });
}

std::vector<jobs::Rescued> Process::Store::rescue(const Uuid& self, Duration expiry, bool restart, Instant) {
    return process.world_.call(&process, "rescue", [&] { return process.world_.rescue(self, expiry, restart); });
}

std::vector<Uuid> Process::Store::expire(Instant now) {
    return process.world_.call(&process, "expire", [&] { return process.world_.store().expire(now); });
}

}  // namespace millrace::sim
