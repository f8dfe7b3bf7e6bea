#pragma once

#include "world.hpp"

namespace millrace::sim {

inline constexpr int narrow_max = 2;  ///< of the queue "narrow"

/// Those who make jobs and act on them. They live elsewhere and never die; an answer that does not come makes them ask
/// again until one does.
class Clients {
public:
    Clients(World& world, std::map<Uuid, Plan>& plans, int jobs, Duration until);

    /// Plans what they will do.
    void begin();
    /// From now on they end what only they can end.
    void finish();

private:
    void make_queues();
    Plan make_plan(Chance& c);
    void add_alone();
    void add_workflow();
    void create(std::vector<std::pair<Uuid, std::vector<jobs::Need>>> jobs);
    void act_on(const Uuid& job, Duration at);
    void cancel(const Uuid& job);
    void retry(const Uuid& job);
    void report(const Uuid& job);
    void pause_queue(const std::string& queue, bool paused);
    /// Does it later, again and again until it answers true; not while somebody else is busy with the job.
    void insist(Duration time, std::optional<Uuid> job, std::function<bool()> body);
    std::optional<Uuid> one_at_a_time(const Uuid& job) const;
    std::optional<jobs::Job> get(const Uuid& job);
    ledger::Committed commit(ledger::Commit commit);

    World& world_;
    std::map<Uuid, Plan>& plans_;
    const int jobs_;
    const Duration until_;
    Chance chance_;
    std::vector<Uuid> owners_;
    Uuid org_;
    std::set<Uuid> busy_;
};

}  // namespace millrace::sim
