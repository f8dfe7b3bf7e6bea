#pragma once

#include <memory>
#include <set>

#include "events/event.hpp"
#include "jobs/job.hpp"
#include "jobs/ops.hpp"
#include "query/query.hpp"

namespace millrace::jobs {

struct Claim {
    Uuid worker;                        ///< id of the worker row, new at every start of a process
    std::vector<std::string> kinds;     ///< kinds this worker can run; jobs of other kinds stay
    std::vector<std::string> queues{};  ///< only of these; empty: of all
    int limit = 1;
    Duration lease{};                   ///< until the first beat is due
    Instant now{};                      ///< used by SQLite; PostgreSQL takes its own time
};

struct Claimed {
    Job job;
    Lease lease;
};

/// A process that serves or works; uploads in flight and leases hang on it.
struct Worker {
    Uuid id;
    std::string host;
    int pid = 0;
    std::string role;  ///< "serve", "worker", "all", "remote"
    Instant started_at{};
    Instant seen_at{};
    std::vector<std::string> kinds{};   ///< that it runs
    std::vector<std::string> queues{};  ///< from which; empty: all
    int slots = 0;                      ///< jobs at once, as it says
    bool draining = false;              ///< it gets no more jobs
    int running = 0;                    ///< jobs it holds
};
BOOST_DESCRIBE_STRUCT(Worker, (), (id, host, pid, role, started_at, seen_at, kinds, queues, slots, draining, running))

struct Beat {
    bool known = true;             ///< false: the row was swept; everything this worker holds is lost
    std::vector<Uuid> cancelling;  ///< of this worker's jobs, those that are to stop
};

/// Jobs worth a look now: unfinished, and ended after the given moments. Newest first.
struct ActiveWindow {
    Instant completed_after{};
    Instant failed_after{};  ///< failed and cancelled
    int limit = 1000;
};

/// What jobs can be filtered and sorted by; free text looks into filename, message and error_message.
std::span<const query::Field> list_fields();

struct ListRequest {
    query::Filter filter;
    query::Sort sort;
    std::optional<std::string> cursor;
    int limit = 50;
};

struct JobPage {
    std::vector<Job> items;
    std::optional<std::string> next_cursor;
};

/// Unfinished jobs of a queue by state.
struct QueueCount {
    std::string queue;
    State state = State::queued;
    std::int64_t number = 0;
};

/// What happened to jobs within a minute.
struct Stat {
    Instant minute{};
    std::string queue;
    std::string kind;
    std::string outcome;  ///< created, or the state in which they ended
    std::int64_t number = 0;
    std::int64_t wait_us = 0;  ///< from created to first started, summed
    std::int64_t run_us = 0;   ///< from first started to ended, summed
};
BOOST_DESCRIBE_STRUCT(Stat, (), (minute, queue, kind, outcome, number, wait_us, run_us))

/// Log lines of a job in order: of one attempt or all, after a line that is known.
struct LogRequest {
    Uuid job;
    std::optional<int> attempt;
    std::int64_t after = 0;
    int limit = 1000;
};

struct Rescued {
    Uuid job;
    State state = State::queued;
};

/// Slots of an engine that stand empty. A job that is enqueued by this process may take one: then it starts in the very
/// transaction that stores it. Thread-safe; called by threads of the store, so nothing here blocks.
struct Seats {
    virtual ~Seats() = default;
    /// One slot for a job of the kind, if there is one; what is taken is given back or filled.
    virtual bool take(const std::string& kind) = 0;
    virtual void give_back() = 0;
    /// The transaction is durable: the job runs.
    virtual void fill(Claimed claimed) = 0;
};

/// How far a running job has come, as it is to be shown.
struct Progress {
    Lease lease;
    int progress = 0;
    std::string message;
    Instant at{};
    events::Event event;  ///< that tells of it
};

/// What an engine asks of storage beside its ops: the few writes that answer something.
struct WorkStore {
    virtual ~WorkStore() = default;

    /// From now on jobs may start as they come; their leases are those of `worker`. Null ends it: once this returns no
    /// seat is taken any more, though one that was taken may still be filled.
    virtual void offer(const Worker& worker, std::shared_ptr<Seats> seats) = 0;

    /// Takes up to `limit` jobs that are due and that the limits of their queues allow; each becomes running with a new
    /// attempt and lease. Queues take turns; within one the best priority goes first, within a priority its owners
    /// take turns, and jobs of one owner go in the order in which they came.
    virtual std::vector<Claimed> claim(const Claim& claim) = 0;
    /// Finds jobs that claims have passed: those that others had locked, or that came from elsewhere unseen. To be called
    /// every second or so, by a thread that may wait.
    virtual void look_back() = 0;
    /// When the next scheduled or retried job is due; nothing when there is none.
    virtual std::optional<Instant> next_due() = 0;

    /// Committed, then shown, in the order given. It is kept beside the jobs, where it costs next to nothing, and is gone
    /// when the database itself crashes. No effect on jobs that others own by now, that have come further, or have ended.
    virtual void show_progress(const std::vector<Progress>& progress) = 0;

    virtual void hello(const Worker& worker) = 0;
    /// At the start of a process. When no server was there for `absence`, remote workers could not beat: they get the
    /// time of a lease anew. A restart of the servers costs them nothing.
    virtual void spare_remote(const Uuid& self, Duration absence, Instant now) = 0;
    virtual Beat beat(const Uuid& worker, Instant now) = 0;
    virtual void goodbye(const Uuid& worker) = 0;
    /// Returns to the queue, without counting an attempt, what this worker has held for longer than `age` and is not
    /// among `running`: the answer to its claim or its settlement was lost. Ids of the jobs.
    virtual std::vector<Uuid> hand_back_forgotten(const Uuid& worker, const std::vector<Uuid>& running, Duration age, Instant now) = 0;
    /// Removes workers not seen for `expiry` and returns their running jobs to the queue (counting a loss), failed
    /// `worker_crashed` after losses_max. With `restart`, jobs of every other worker but remote ones are taken back at
    /// once without counting a loss: the only process of a SQLite directory has just started.
    virtual std::vector<Rescued> rescue(const Uuid& self, Duration expiry, bool restart, Instant now) = 0;
    /// Ends jobs that have not ended by their deadline, as failed `deadline_exceeded`: all but those that a worker runs,
    /// which stops them itself. At most 1,000 at a time.
    virtual std::vector<Uuid> expire(Instant now) = 0;
};

/// A job that has ended, as its removal sees it.
struct Ended {
    Uuid id;
    Instant at;
    std::int64_t bytes = 0;  ///< about what it takes, with its attempts, log lines and entries in indexes
};

/// What the module asks of storage beside its ops.
struct JobStore : WorkStore {
    virtual std::optional<Job> get(const Uuid& id, const Scope& scope) = 0;
    virtual std::optional<Job> get(const Uuid& id) = 0;  ///< for the engine only
    virtual std::vector<Job> active(const Scope& scope, const ActiveWindow& window) = 0;
    virtual JobPage list(const Scope& scope, const ListRequest& request) = 0;
    virtual std::vector<Attempt> attempts(const Uuid& job) = 0;
    virtual std::vector<Job> children(const Uuid& parent) = 0;
    virtual std::vector<Need> needs(const Uuid& job) = 0;
    /// The newest completed job of the owner with this cache key that ended after `since`.
    virtual std::optional<Job> cached(const Uuid& owner, const std::string& cache_key, Instant since) = 0;
    /// Jobs that ended in this state before the moment, oldest first.
    virtual std::vector<Uuid> finished_before(State state, Instant before, int limit) = 0;
    /// Jobs that ended before the moment, oldest first.
    virtual std::vector<Ended> oldest_ended(Instant before, int limit) = 0;
    /// What the history takes: on SQLite the database file without its free pages, on PostgreSQL an estimate (from at most
    /// 500 pages of each table) of what jobs, attempts, log lines and events take, with their indexes and without the
    /// space inside the tables that new rows will fill. Falls as soon as something is removed.
    virtual std::int64_t history_bytes() = 0;
    virtual std::vector<LogLine> log(const LogRequest& request) = 0;
    /// Unfinished jobs by state, over all users; kept as they move, nothing is counted.
    virtual std::vector<std::pair<State, std::int64_t>> counts() = 0;
    virtual std::vector<QueueCount> queue_counts() = 0;
    virtual std::vector<Queue> queues() = 0;
    virtual std::optional<Queue> queue(const std::string& name) = 0;
    /// Of the minutes in [from, until), over all users, in order.
    virtual std::vector<Stat> stats(Instant from, Instant until) = 0;
    virtual std::vector<Worker> workers() = 0;
};

}  // namespace millrace::jobs
