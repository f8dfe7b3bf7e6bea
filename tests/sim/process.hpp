#pragma once

#include "world.hpp"

namespace millrace::sim {

/// A process with an engine: the turns of its core in the place of its threads, each in its own time.
class Process {
public:
    Process(World& world, int index, unsigned life);
    ~Process() {
        if (seats_) seats_->process = nullptr;
    }

    const int index;
    const unsigned life;
    const Uuid id;
    bool alive = true;
    Duration paused_until{};
    events::Hub hub;
    std::map<Uuid, std::pair<int, std::string>> shown;  ///< progress and state of jobs, as a watcher of the hub saw them
    std::unique_ptr<events::Subscription> watcher;

    void start();
    /// Stops as at the end of a deployment: hands back what runs after `grace`.
    void stop(Duration grace);
    void step_clock(Duration by) { clock_.offset += by; }
    Instant wall() const { return clock_.now(); }

private:
    /// One attempt and how far its handler has come.
    struct Run {
        jobs::detail::Core::Attempt attempt;
        Plan* plan = nullptr;
        int number = 0;  ///< among the runs of the job
        int piece = 0;
        Chance chance{0};
    };
    using RunPtr = std::shared_ptr<Run>;

    struct Wall final : Clock {
        explicit Wall(World& w) : world{w} {}
        Instant now() const override { return world.database_time() + offset; }
        World& world;
        Duration offset{};
    };
    struct Ledger final : ledger::Ledger {
        explicit Ledger(Process& p) : process{p} {}
        ledger::Committed commit(ledger::Commit commit) override;
        Process& process;
    };
    struct Store final : jobs::WorkStore {
        explicit Store(Process& p) : process{p} {}
        void offer(const jobs::Worker& worker, std::shared_ptr<jobs::Seats> seats) override;
        std::vector<jobs::Claimed> claim(const jobs::Claim& claim) override;
        void look_back() override {}  // of no use on SQLite
        std::optional<Instant> next_due() override;
        void show_progress(const std::vector<jobs::Progress>& progress) override;
        void hello(const jobs::Worker& worker) override;
        void spare_remote(const Uuid& self, Duration absence, Instant now) override;
        jobs::Beat beat(const Uuid& worker, Instant now) override;
        void goodbye(const Uuid& worker) override;
        std::vector<Uuid> hand_back_forgotten(const Uuid& worker, const std::vector<Uuid>& running, Duration age, Instant now) override;
        std::vector<jobs::Rescued> rescue(const Uuid& self, Duration expiry, bool restart, Instant now) override;
        std::vector<Uuid> expire(Instant now) override;
        Process& process;
    };

    /// Slots for jobs that start as they come; outlives the process in the store.
    struct Seats final : jobs::Seats {
        explicit Seats(Process& p) : process{&p} {}
        bool take(const std::string& kind) override;
        void give_back() override;
        void fill(jobs::Claimed claimed) override;
        Process* process;
        int taken = 0;
    };

    std::vector<jobs::Kind> kinds();
    void begin(jobs::detail::Core::Attempt attempt);
    void later(Duration time, std::function<void()> body) { world_.later(time, this, std::move(body)); }
    void dispatch();
    void plan_dispatch(Duration time);
    void beat();
    void tick();
    void step(const RunPtr& run);
    void settle(const RunPtr& run);
    bool piece(Run& run, jobs::Context& context);
    bool finish(Run& run, jobs::Context& context);
    void leave_when_idle();

    World& world_;
    Chance chance_;
    Wall clock_;
    Ledger ledger_;
    Store store_;
    observe::Log log_;
    jobs::detail::Core core_;
    const int slots_;
    std::shared_ptr<Seats> seats_;
    int busy_ = 0;
    bool dispatching_ = false, draining_ = false, woken_ = false;
    std::uint64_t dispatch_no_ = 0;
};

}  // namespace millrace::sim
