#pragma once

#include <atomic>
#include <map>

#include "events/event.hpp"
#include "jobs/job.hpp"
#include "storage/detail/turns.hpp"

namespace millrace::storage::detail {

/// A job as it is inside the transaction: locked, with its lease. Changes are made here in memory, by the same code for
/// both databases, and written once per group; `input` and `result` are not loaded.
struct HeldJob {
    struct Holder {
        int attempt = 0;
        Uuid token;
        Uuid worker;
    };
    jobs::Job job;
    std::optional<Holder> lease;
    bool found = false;
    bool changed = false;
    bool result_changed = false;
    std::string ended_with;     ///< error code of an ended job when it was read, or at its last move
    bool more_changed = false;  ///< what stands in jobs.save_more
};

/// What the transactions of one process know together.
struct Shared {
    Turns turns;
    std::atomic<unsigned> claims = 0;  ///< so far; they begin at another queue each time
    std::mutex mutex;
    std::map<std::string, std::string> last_key;  ///< of each queue: where the next claim goes on among its keys
};

/// What the members of a group do to the database together: jobs held, statements, events. One thread, one transaction.
class Tx {
public:
    /// `shard` names the rows of the counters that this writer adds to, so that no two writers wait for each other.
    Tx(Session& session, Shared& shared_state, std::string_view shard) : db{session}, shared{shared_state}, shard_{shard} {}

    Session& db;
    Shared& shared;
    /// In order; they are appended last, so that their seq is in the order of commits.
    std::vector<events::Event> events;
    /// Percent ticks: shown once they are committed, but kept nowhere. Left out for jobs of which `events` tells.
    std::vector<events::Event> ticks;

    /// Locks and loads jobs in one round trip. In order of id, so that two processes do not wait for each other.
    void hold(std::vector<Uuid> ids);
    /// The job, locked; nullptr when there is none.
    HeldJob* job(const Uuid& id);
    /// The job is removed by SQL: nothing of it is written any more.
    void forget(const Uuid& id) { jobs_[id] = {}; }
    /// Inserts a job that does not exist yet.
    void insert(const jobs::Job& job);
    /// Marks the job as changed and appends the event.
    void changed(HeldJob& held) { held.changed = true; }
    void changed_more(HeldJob& held) { held.changed = held.more_changed = true; }
    /// Counts the move of a job for /stats and the counters; nothing stands for "not there".
    void count(const jobs::Job& job, std::optional<jobs::State> from, std::optional<jobs::State> to, Instant at);
    void event(std::string_view type, const jobs::Job& job);
    void state_event(const jobs::Job& job);

    void drop_lease(HeldJob& held);
    void close_attempt(const Uuid& job, Instant at, std::string_view outcome, std::string_view error_code = {},
                       std::string_view error_message = {});

    /// Writes the changed jobs. SQL that looks at jobs in general comes after it.
    void save_jobs();
    /// Writes what was counted; once, before the commit.
    void save_counts();
    /// Writes the changed jobs and forgets all, for statements that change jobs by themselves.
    void release_jobs();

private:
    struct StatKey {
        Instant minute{};
        std::string queue, kind, outcome;
        auto operator<=>(const StatKey&) const = default;
    };
    struct Sums {
        std::int64_t number = 0, wait_us = 0, run_us = 0;
    };
    const std::string_view shard_;
    std::map<Uuid, HeldJob> jobs_;
    std::map<std::pair<std::string, jobs::State>, std::int64_t> counts_;
    std::map<StatKey, Sums> stats_;
};

/// The durable event of a job, as the API shows it.
events::Event job_event(std::string_view type, const jobs::Job& job);

}  // namespace millrace::storage::detail
