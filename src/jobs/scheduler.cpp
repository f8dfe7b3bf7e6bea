#include "jobs/scheduler.hpp"

#include <algorithm>

#include "work/failpoint.hpp"
#include "work/thread_name.hpp"

namespace millrace::jobs {
namespace {

constexpr int batch = 100;
constexpr Duration wait_min = 1ms, wait_max = 1s;

/// All of a plan or nothing: the slots with their jobs, and the schedule moved on.
ledger::Commit firing(const Schedule& schedule, const Plan& plan, Instant now) {
    ledger::Commit commit;
    commit.guard(ScheduleVersion{schedule.id, schedule.version});
    for (const auto& slot : plan.slots) {
        Job job = make_job(schedule, slot, now);
        commit.guard(FireSlot{schedule.id, slot, job.id});
        if (job.unique_key) commit.guard(unique_of(job));
        commit.add(Create{std::move(job)});
    }
    AdvanceSchedule advance;
    advance.schedule = schedule.id;
    advance.version = schedule.version;
    advance.next_at = plan.next_at;
    if (!plan.slots.empty()) advance.last_at = plan.slots.back();
    advance.at = now;
    commit.add(advance);
    return commit;
}

}  // namespace

Scheduler::Scheduler(ScheduleStore& store, ledger::Ledger& ledger, const Clock& clock, observe::Log& log)
    : store_{store}, ledger_{ledger}, clock_{clock}, log_{log} {}

Scheduler::~Scheduler() { stop(); }

void Scheduler::start() {
    thread_ = std::jthread{[this](std::stop_token stop) {
        work::name_this_thread("schedules");
        loop(stop);
    }};
}

void Scheduler::stop() { thread_ = {}; }

void Scheduler::loop(std::stop_token stop) {
    while (!stop.stop_requested()) {
        Duration wait = wait_max;
        try {
            turn();
            wait = until_next();
        } catch (const std::exception& error) {
            log_.warn("schedules could not be fired", {{"error", error.what()}});
        }
        std::unique_lock lock{mutex_};
        pause_.wait_for(lock, stop, wait, [] { return false; });
    }
}

Duration Scheduler::until_next() {
    const auto due = store_.next_due(looked_at_);
    return due ? std::clamp<Duration>(*due - clock_.now(), wait_min, wait_max) : wait_max;
}

int Scheduler::turn() {
    int made = 0;
    for (bool more = true; more;) {
        const auto now = looked_at_ = clock_.now();
        // Those that this server cannot read stay due and must not stand before the others.
        const auto limit = batch + static_cast<int>(unreadable_.size());
        const auto due = store_.due(now, limit);
        const int before = made;
        for (const auto& schedule : due) made += fire(schedule, now);
        more = std::ssize(due) == limit && made > before;
    }
    return made;
}

int Scheduler::fire(const Schedule& schedule, Instant now) {
    auto planned = plan(schedule, now);
    if (!planned) {
        note_unreadable(schedule, planned.error());
        return 0;
    }
    unreadable_.erase(schedule.id);
    const bool unique = schedule.job.unique_key.has_value();
    if (unique && planned->slots.size() > 1) planned->slots.erase(planned->slots.begin(), planned->slots.end() - 1);
    work::failpoint("schedule.fire");
    const auto done = ledger_.commit(firing(schedule, *planned, now));
    if (done) {
        const auto made = static_cast<int>(planned->slots.size());
        log_.info(made > 0 ? "schedule fired" : "missed slots left out", {{"schedule", schedule.id.str()}, {"jobs", made}});
        return made;
    }
    // Another server was first, or somebody changed it: seen next turn. Or the job before this one has not ended.
    if (unique && done.outcome == ledger::Outcome::refused) {
        planned->slots.clear();
        if (ledger_.commit(firing(schedule, *planned, now))) {
            log_.info("slot left out", {{"schedule", schedule.id.str()}, {"job", done.existing.str()}});
        }
    }
    return 0;
}

void Scheduler::note_unreadable(const Schedule& schedule, const Error& error) {
    if (!unreadable_.insert(schedule.id).second) return;
    log_.error("schedule cannot be read here", {{"schedule", schedule.id.str()}, {"error", error.what()}});
}

}  // namespace millrace::jobs
