#include "world.hpp"

#include <fmt/format.h>

#include "checks.hpp"
#include "clients.hpp"
#include "process.hpp"

namespace millrace::sim {
namespace {

constexpr Duration active = 100s;     ///< things go wrong for so long
constexpr Duration to_end = 20min;    ///< then every job has to end within
constexpr int depth_max = 3;          ///< calls that wait inside calls that wait
constexpr const char* directory = "/tmp";  ///< any that exists: the file itself is in memory
constexpr const char* file = "/tmp/millrace.db";

}  // namespace

const jobs::Settings World::settings{.heartbeat = 5s, .lease = 20s, .poll = 2s};

World::World(MemoryVfs& vfs, const MemoryVfs::Image& empty, const Options& options)
    : vfs_{vfs}, options_{options}, seed_chance_{options.seed}, chance_{seed_chance_.fork(1)} {
    result_.seed = options.seed;
    result_.jobs = options.jobs;
    vfs_.restore(empty);
    events::Interest all;
    all.scope.role = Role::admin;
    all.scope.reach = Scope::Reach::all;
    committed_ = hub_.subscribe(std::move(all));
}

World::~World() {
    agenda_.clear();
    processes_.clear();
    graveyard_.clear();
    close();
}

void World::open() {
    database_ = std::make_unique<storage::sqlite::Database>(storage::SqliteSettings{.directory = directory, .readers = 1}, hub_,
                                                            observe::Log{}, storage::detail::Driven::by_callers);
    database_->shared.turns.use(steady_);
    store_ = std::make_unique<storage::detail::JobStore>(*database_);
    ledger_ = std::make_unique<storage::detail::Ledger>(*database_);
    inspector_ = std::make_unique<Inspector>(file);
}

void World::close() {
    inspector_.reset();
    ledger_.reset();
    store_.reset();
    database_.reset();
}

Result World::run() {
    try {
        choose_faults();
        open();
        Clients clients{*this, plans_, options_.jobs, active};
        clients.begin();
        start_processes();
        plan_faults();
        later(active, [this, &clients] {
            make_quiet();
            clients.finish();
        });
        run_until(active + 1us);
        const Duration limit = now_ + to_end;
        while (!all_ended()) {
            if (now_ >= limit) throw Violation{"G7: after " + to_string(to_end) + " of quiet there is still " + describe_unfinished(*inspector_, plans_)};
            run_until(now_ + 5s);
        }
        storage::detail::EventStore events{*database_};
        result_.attempts = check_everything(*inspector_, events, *store_, plans_);
    } catch (const Violation& violation) {
        result_.violation = fmt::format("seed {}, at {:.3f} s: {}", options_.seed, static_cast<double>(now_.count()) / 1e6, violation.what);
        note("VIOLATION {}", violation.what);
    }
    result_.took = now_;
    return result_;
}

void World::choose_faults() {
    Chance c = seed_chance_.fork(2);
    const auto one_of = [&](std::initializer_list<double> values) {
        return values.begin()[c.between(0, static_cast<std::int64_t>(values.size()) - 1)];
    };
    const auto time_of = [&](std::initializer_list<Duration> values) {
        return values.begin()[c.between(0, static_cast<std::int64_t>(values.size()) - 1)];
    };
    faults_.unavailable = one_of({0, 0.005, 0.03});
    faults_.unknown = one_of({0, 0.005, 0.03});
    faults_.crash = one_of({0, 0.0005, 0.002});
    faults_.delay = one_of({0, 0.01, 0.1});
    faults_.pause = one_of({0, 0.0005, 0.002});
    faults_.drop = one_of({0, 0.05, 0.5});
    faults_.twice = one_of({0, 0.1});
    faults_.late_max = time_of({Duration{0}, 100ms, 5s});
    faults_.power_every = time_of({Duration{0}, Duration{0}, 40s});
    faults_.clock_every = time_of({Duration{0}, 20s});
    faults_.stop_every = time_of({Duration{0}, 30s});
    faults_.skew_max = time_of({Duration{0}, 2s, 30s});
    if (mutation() == Mutation::lost_wakeups) faults_.drop = 0.5;
    if (mutation() == Mutation::no_guard) faults_.delay = 0.1;
}

void World::start_processes() {
    const int count = seed_chance_.fork(3).number(1, 4);
    processes_.resize(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) restart_later(i);
}

void World::restart_later(int index) {
    const auto time = quiet_ ? Duration{1s} : chance_.time(10ms, 15s);
    later(time, [this, index] {
        auto& place = processes_[static_cast<std::size_t>(index)];
        if (place) return;
        place = std::make_unique<Process>(*this, index, ++lives_);
        place->hub.start_after(hub_.last());
        note("process {} starts as life {}", index, lives_);
        Process* process = place.get();
        later(Duration{0}, process, [process] { process->start(); });
    });
}

void World::plan_faults() {
    const auto often = [&](Duration every, auto body) {
        if (every == Duration{0}) return;
        const auto again = std::make_shared<std::function<void()>>();
        *again = [this, every, body, again] {
            if (quiet_) return;
            body();
            later(chance_.time(Duration{0}, every * 2), *again);
        };
        later(chance_.time(Duration{0}, every * 2), *again);
    };
    const auto some = [this]() -> Process* {
        const auto i = static_cast<std::size_t>(chance_.between(0, static_cast<std::int64_t>(processes_.size()) - 1));
        return processes_[i].get();
    };
    often(faults_.power_every, [this] { vfs_.cut_after(static_cast<std::uint64_t>(chance_.between(1, 60))); });
    often(faults_.clock_every, [this, some] {
        if (Process* process = some()) process->step_clock(chance_.time(-60s, 60s));
    });
    often(faults_.stop_every, [this, some] {
        if (Process* process = some()) process->stop(chance_.time(Duration{0}, 10s));
    });
}

void World::make_quiet() {
    note("quiet from here on");
    quiet_ = true;
    faults_ = {};
    if (mutation() == Mutation::lost_wakeups) faults_.drop = 0.5;
    vfs_.cut_after(0);
    for (auto& process : processes_) {
        if (process) process->paused_until = now_;
    }
    for (int i = 0; i < static_cast<int>(processes_.size()); ++i) restart_later(i);
}

void World::later(Duration time, const Process* process, std::function<void()> body) {
    agenda_.put(now_ + std::max(time, Duration{0}), process ? process->index : Agenda::nobody, process ? process->life : 0, std::move(body));
}

void World::run_until(Duration time) {
    while (!agenda_.empty() && agenda_.next_at() <= time) {
        auto entry = agenda_.take();
        now_ = std::max(now_, entry.at);
        try {
            run_entry(std::move(entry));
        } catch (const PowerCut&) {
            power_cut();
        }
        graveyard_.clear();
    }
    now_ = std::max(now_, time);
}

void World::run_entry(Agenda::Entry entry) {
    if (entry.worker == Agenda::nobody) return entry.body();
    Process* process = processes_[static_cast<std::size_t>(entry.worker)].get();
    if (!process || process->life != entry.life) return;
    if (process->paused_until > now_) {
        const auto until = process->paused_until;
        return agenda_.put_off(std::move(entry), until);
    }
    try {
        entry.body();
        if (process->alive) check_progress(*process);
    } catch (const Crash&) {
        kill(entry.worker, "crash");
    }
}

/// Time passes inside a call: others go on, and the other threads of the same process too.
void World::pass(Duration time) {
    const Duration until = now_ + time;
    ++depth_;
    struct Leave {
        int& depth;
        ~Leave() { --depth; }
    } const leave{depth_};
    while (!agenda_.empty() && agenda_.next_at() <= until) {
        auto entry = agenda_.take();
        now_ = std::max(now_, entry.at);
        run_entry(std::move(entry));
    }
    now_ = std::max(now_, until);
}

void World::before_call(Process* process, std::string_view what) {
    if (!quiet_) {
        if (process && chance_.is(faults_.crash)) throw Crash{};
        if (chance_.is(faults_.unavailable)) {
            note("{} of {}: unavailable", what, process ? process->index : -1);
            throw Error{Code::database_unavailable, {{"why", "simulated"}}};
        }
    }
    hold(process, process ? process->life : 0);
}

void World::after_call(Process* process, std::string_view what) {
    const unsigned life = process ? process->life : 0;
    result_.trace = result_.trace * 1099511628211ull ^ (static_cast<std::uint64_t>(now_.count()) + what.size() * 131 + life);
    relay(process);
    if (quiet_) return;
    if (process && chance_.is(faults_.crash)) throw Crash{};
    hold(process, life);
    if (chance_.is(faults_.unknown)) {
        note("{} of {}: applied, and nobody told", what, process ? process->index : -1);
        ++result_.unknown;
        throw Error{Code::database_unavailable, {{"why", "simulated, after the fact"}}};
    }
}

/// Perhaps the call takes its time, or the process stands still for a while; it may be dead afterwards.
void World::hold(Process* process, unsigned life) {
    if (quiet_ || depth_ >= depth_max) return;
    if (process && chance_.is(faults_.pause)) {
        const auto time = chance_.time(1s, 50s);
        note("process {} stands still for {}", process->index, to_string(time));
        process->paused_until = now_ + time;
        pass(time);
    } else if (chance_.is(faults_.delay)) {
        pass(chance_.skewed(6s));
    } else {
        return;
    }
    if (!process) return;
    const auto& now_there = processes_[static_cast<std::size_t>(process->index)];
    if (!now_there || now_there->life != life) throw Crash{};
}

/// A process sees what it has committed itself at once, after all that others committed before; the rest comes late,
/// twice or never. Ticks are seen in the process that made them only.
void World::relay(Process* from) {
    std::vector<events::EventPtr> durable, ticks;
    for (auto& event : committed_->take(SIZE_MAX).events) (event->durable() ? durable : ticks).push_back(std::move(event));
    told_.insert(told_.end(), durable.begin(), durable.end());
    if (durable.empty() && ticks.empty()) return;
    for (auto& process : processes_) {
        if (!process) continue;
        if (mutation() != Mutation::lost_wakeups && process.get() == from) {
            const auto unknown = std::ranges::upper_bound(told_, process->hub.last(), {}, &events::Event::seq);
            deliver(*process, {unknown, told_.end()});
            deliver(*process, ticks);
            continue;
        }
        if (durable.empty() || chance_.is(faults_.drop)) continue;
        const int times = chance_.is(faults_.twice) ? 2 : 1;
        for (int i = 0; i < times; ++i) {
            later(chance_.time(Duration{0}, faults_.late_max), process.get(), [this, to = process.get(), durable] { deliver(*to, durable); });
        }
    }
}

void World::deliver(Process& to, const std::vector<events::EventPtr>& events) {
    std::vector<events::Event> copies;
    for (const auto& event : events) copies.push_back(*event);
    to.hub.publish(std::move(copies));
}

void World::kill(int index, std::string_view why) {
    auto& place = processes_[static_cast<std::size_t>(index)];
    if (!place) return;
    note("process {} dies: {}", index, why);
    ++result_.crashes;
    place->alive = false;
    graveyard_.push_back(std::move(place));
    restart_later(index);
}

void World::process_ended(const Process& process) {
    note("process {} has stopped", process.index);
    auto& place = processes_[static_cast<std::size_t>(process.index)];
    place->alive = false;
    graveyard_.push_back(std::move(place));
    restart_later(process.index);
}

void World::power_cut() {
    note("the power fails");
    ++result_.power_cuts;
    depth_ = 0;
    for (std::size_t i = 0; i < processes_.size(); ++i) {
        if (processes_[i]) {
            graveyard_.push_back(std::move(processes_[i]));
            restart_later(static_cast<int>(i));
        }
    }
    graveyard_.clear();
    close();
    const double kept = std::initializer_list<double>{0, 0.5, 1}.begin()[chance_.between(0, 2)];
    vfs_.power_on([&] { return chance_.is(kept); });
    open();
    committed_->take(SIZE_MAX);
    check_accepted(*inspector_, plans_);
}

bool World::all_ended() {
    for (const auto& [id, plan] : plans_) {
        if (!plan.created) return false;
    }
    bool ended = true;
    inspector_->each("SELECT 1 FROM job WHERE completed_at IS NULL LIMIT 1", {}, [&](const auto&) { ended = false; });
    return ended;
}

ledger::Committed World::commit(ledger::Commit commit) {
    std::vector<std::pair<jobs::Lease, std::optional<Inspector::Lease>>> fences;
    for (const auto& guard : commit.guards) {
        if (const auto* fence = dynamic_cast<const jobs::Fence*>(guard.get())) {
            fences.emplace_back(fence->lease, inspector_->lease(fence->lease.job));
        }
    }
    std::erase_if(commit.guards, [&](const auto& guard) {
        if (mutation() == Mutation::no_fence && dynamic_cast<const jobs::Fence*>(guard.get())) return true;
        return mutation() == Mutation::no_guard && dynamic_cast<const jobs::InState*>(guard.get());
    });
    const auto done = ledger_->commit(std::move(commit));
    for (const auto& [lease, held] : fences) {
        note("  commit of {} attempt {}: {}", lease.job.str(), lease.attempt, done ? "applied" : "not applied");
        if (!done) continue;
        if (!held || held->token != lease.token || held->attempt != lease.attempt) {
            throw Violation{fmt::format("G5: a write of attempt {} of job {} was applied although it did not hold the lease", lease.attempt, lease.job.str())};
        }
    }
    return done;
}

std::vector<jobs::Claimed> World::claim(const jobs::Claim& asked) {
    auto claim = asked;
    claim.now = database_time();
    auto claimed = store_->claim(claim);
    for (const auto& one : claimed) note("  claimed {} attempt {} by {}", one.job.id.str(), one.job.attempt, claim.worker.str().substr(0, 8));
    check_started(claimed);
    return claimed;
}

void World::check_started(const std::vector<jobs::Claimed>& claimed) {
    for (const auto& one : claimed) {
        const Plan& known = plan(one.job.id);
        if (known.cancelled) throw Violation{"G1: job " + one.job.id.str() + " was started although its cancellation had been acknowledged"};
        if (paused_.contains(one.job.queue)) throw Violation{"G5: a job of the paused queue " + one.job.queue + " was started"};
    }
    check_limits(claimed);
}

void World::check_limits(const std::vector<jobs::Claimed>& claimed) {
    if (claimed.empty()) return;
    inspector_->each("SELECT count(*) FROM job_lease WHERE queue = 'narrow'", {}, [&](const auto& row) {
        if (row.integer(0) > narrow_max) throw Violation{"G5: more jobs run at once than their queue allows"};
    });
    inspector_->each("SELECT count(*) FROM job_lease WHERE queue = 'keyed' AND limit_key IS NOT NULL GROUP BY limit_key", {}, [&](const auto& row) {
        if (row.integer(0) > 1) throw Violation{"G5: more jobs of one key run at once than their queue allows"};
    });
}

std::vector<jobs::Rescued> World::rescue(const Uuid& self, Duration expiry, bool restart) {
    const auto leases = inspector_->leases();
    if (mutation() == Mutation::rescue_by_age) {
        for (const auto& [job, lease] : leases) {
            const bool old = lease.claimed_at + expiry.count() < database_time().time_since_epoch().count();
            if (old && lease.worker != self) store_->goodbye(lease.worker);
        }
    }
    auto rescued = store_->rescue(self, expiry, restart, database_time());
    for (const auto& one : rescued) {
        ++result_.losses;
        const auto lease = leases.find(one.job);
        if (lease == leases.end()) throw Violation{"G4: a job without a lease was taken back"};
        const auto seen = seen_.find(lease->second.worker);
        note("  taken back {} from {}, now {}", one.job.str(), lease->second.worker.str().substr(0, 8), word(one.state));
        if (seen != seen_.end() && now_ - seen->second < expiry) {
            throw Violation{fmt::format("G4: job {} was taken from a worker that had been seen {} before", one.job.str(), to_string(now_ - seen->second))};
        }
    }
    return rescued;
}

void World::check_progress(Process& process) {
    for (const auto& event : process.watcher->take(SIZE_MAX).events) {
        if (!event->type.starts_with("job.")) continue;
        auto& [progress, type] = process.shown[event->subject];
        const int now_shown = progress_of(event->json());
        // A workflow begins anew when a job of it is tried again, and what was between may not have been told here: the log
        // of events is looked at in the end.
        const bool anew = type == "job.completed" || plan(event->subject).job.workflow();
        if (now_shown < progress && !anew) {
            throw Violation{fmt::format("G6: process {} showed {} % of job {} after {} % ({} after {})", process.index, now_shown, event->subject.str(), progress, event->type, type)};
        }
        progress = now_shown;
        type = event->type;
    }
}

void World::note_line(const std::string& line) {
    for (const char c : line) result_.trace = (result_.trace ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    if (options_.trace) *options_.trace << fmt::format("{:10.4f} {}\n", static_cast<double>(now_.count()) / 1e6, line);
}

}  // namespace millrace::sim
