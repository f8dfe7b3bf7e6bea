#pragma once

#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <set>

#include "agenda.hpp"
#include "chance.hpp"
#include "failure.hpp"
#include "inspector.hpp"
#include "jobs/detail/core.hpp"
#include "memory_vfs.hpp"
#include "storage/detail/stores.hpp"
#include "storage/sqlite/database.hpp"

namespace millrace::sim {

/// Mistakes that the simulator has to find; made in what it puts between the engine and the store.
enum class Mutation {
    none,
    no_fence,           ///< writes of an attempt are not fenced
    no_guard,           ///< the state that an action requires is not looked at in its transaction
    split_transaction,  ///< effects are committed before the end of the job
    lost_wakeups,       ///< notifications get lost, and nobody polls
    forgotten_claims,   ///< a claim whose answer was lost is not handed back
    rescue_by_age,      ///< jobs are taken back because they run long, not because their worker is silent
};

struct Options {
    std::uint64_t seed = 1;
    Mutation mutation = Mutation::none;
    int jobs = 250;
    std::ostream* trace = nullptr;
};

struct Result {
    std::uint64_t seed = 0;
    std::string violation;  ///< empty: every guarantee held
    std::uint64_t trace = 0;  ///< hash of all that happened: equal for equal seeds
    int jobs = 0, attempts = 0, losses = 0, crashes = 0, power_cuts = 0, unknown = 0;
    Duration took{};  ///< virtual
    bool ok() const { return violation.empty(); }
};

/// What goes wrong in a world, and how often; each world has its own mix. Probabilities are per call of the store.
struct Faults {
    double unavailable = 0, unknown = 0, crash = 0, delay = 0, pause = 0;
    double drop = 0, twice = 0;    ///< of a notification
    Duration late_max{};           ///< of a notification
    Duration power_every{}, clock_every{}, stop_every{};  ///< zero: never
    Duration skew_max{};
};

/// What the handler of a job will do, and what is known of the job. Decided before it exists.
struct Plan {
    jobs::Job job;
    int pieces = 3;
    Duration piece_max{};
    int fails = 0;        ///< runs that end with an error that is tried again
    bool hopeless = false;  ///< every run ends with one that is not
    bool hangs = false;   ///< until it is stopped
    int snoozes = 0;
    bool effect = false;
    bool steps = false;
    std::string content;  ///< not empty: of several jobs with this content one has the effect

    bool created = false;    ///< acknowledged
    bool cancelled = false;  ///< acknowledged, and not retried since
    bool retried = false;    ///< by a person, at least once perhaps
    bool handed_back = false;  ///< by a restart, at least once perhaps
    bool reported = false;   ///< an external job whose completion was acknowledged
    int runs = 0;
    std::map<std::string, int> step_results;  ///< committed with a checkpoint
};

class Process;

class World {
public:
    World(MemoryVfs& vfs, const MemoryVfs::Image& empty, const Options& options);
    ~World();
    Result run();

    // What processes and clients use

    Chance& chance() { return chance_; }
    Duration now() const { return now_; }
    /// Time of the database, by which leases go.
    Instant database_time() const { return epoch + now_; }
    const SteadyClock& steady() const { return steady_; }
    const Faults& faults() const { return faults_; }
    bool quiet() const { return quiet_; }
    Mutation mutation() const { return options_.mutation; }
    Plan& plan(const Uuid& job) { return plans_.at(job); }
    Inspector& inspector() { return *inspector_; }
    jobs::JobStore& store() { return *store_; }
    Chance fork(std::uint64_t salt) const { return seed_chance_.fork(salt); }

    void later(Duration time, const Process* process, std::function<void()> body);
    void later(Duration time, std::function<void()> body) { later(time, nullptr, std::move(body)); }
    template <class... T>
    void note(fmt::format_string<T...> text, T&&... values) {
        note_line(fmt::format(text, std::forward<T>(values)...));
    }

    /// Asks the database as this process (or as a client), with whatever may go wrong on the way.
    template <class F>
    auto call(Process* process, std::string_view what, F&& inner) {
        before_call(process, what);
        auto out = [&] {
            try {
                return inner();
            } catch (const Error& error) {
                if (vfs_.is_cut()) throw PowerCut{};
                note("{} failed: {}", what, error.what());
                throw;
            }
        }();
        if (vfs_.is_cut()) throw PowerCut{};
        after_call(process, what);
        return out;
    }

    ledger::Committed commit(ledger::Commit commit);
    std::vector<jobs::Claimed> claim(const jobs::Claim& claim);
    /// Throws Violation when one of them must not run.
    void check_started(const std::vector<jobs::Claimed>& claimed);
    std::vector<jobs::Rescued> rescue(const Uuid& self, Duration expiry, bool restart);
    void worker_seen(const Uuid& worker) { seen_[worker] = now_; }
    void worker_left(const Uuid& worker) { seen_.erase(worker); }
    void deliver(Process& to, const std::vector<events::EventPtr>& events);
    void process_ended(const Process& process);

    static constexpr Instant epoch{std::chrono::hours{500'000}};
    static const jobs::Settings settings;

private:
    friend class Clients;
    void open();
    void close();
    void start_processes();
    void restart_later(int index);
    void plan_faults();
    void choose_faults();
    void run_until(Duration time);
    void run_entry(Agenda::Entry entry);
    void pass(Duration time);
    void before_call(Process* process, std::string_view what);
    void after_call(Process* process, std::string_view what);
    void hold(Process* process, unsigned life);
    void relay(Process* from);
    void kill(int index, std::string_view why);
    void power_cut();
    void make_quiet();
    bool all_ended();
    void note_line(const std::string& line);
    void check_progress(Process& process);
    void check_limits(const std::vector<jobs::Claimed>& claimed);

    struct Steady final : SteadyClock {
        explicit Steady(World& w) : world{w} {}
        Deadline now() const override { return Deadline{world.now()}; }
        World& world;
    };

    MemoryVfs& vfs_;
    const Options options_;
    const Steady steady_{*this};
    const Chance seed_chance_;
    Chance chance_;
    Faults faults_;
    Result result_;
    Duration now_{};
    int depth_ = 0;
    bool quiet_ = false;
    Agenda agenda_;

    events::Hub hub_;  ///< of the database: what has been committed, in order
    std::unique_ptr<events::Subscription> committed_;
    std::vector<events::EventPtr> told_;  ///< all durable ones, by seq
    std::unique_ptr<storage::sqlite::Database> database_;
    std::unique_ptr<storage::detail::JobStore> store_;
    std::unique_ptr<storage::detail::Ledger> ledger_;
    std::unique_ptr<Inspector> inspector_;

    std::vector<std::unique_ptr<Process>> processes_;
    std::vector<std::unique_ptr<Process>> graveyard_;  ///< dead ones whose code may still be on the stack
    unsigned lives_ = 0;
    std::map<Uuid, Plan> plans_;
    std::map<Uuid, Duration> seen_;  ///< when the database heard of each worker
    std::set<std::string> paused_;   ///< queues, as acknowledged
};

}  // namespace millrace::sim
