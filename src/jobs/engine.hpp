#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "base/bytes.hpp"
#include "events/hub.hpp"
#include "jobs/ops.hpp"
#include "jobs/store.hpp"
#include "observe/log.hpp"
#include "observe/trace.hpp"

namespace millrace::jobs {

struct Settings {
    Duration heartbeat = 5s;         ///< of a worker
    Duration lease = 20s;            ///< a worker silent for this long has lost its jobs
    Duration poll = 1s;              ///< floor under push wake-ups
    int slots = 0;                   ///< jobs run at once by this process; 0: one per core, at least two
    Duration active_completed = 5min;  ///< how long /jobs/active shows a completed job
    Duration active_failed = 1h;       ///< and a failed or cancelled one
    Duration retention{0};             ///< ended jobs and events older than this are removed; 0: kept for ever
    Bytes retention_bytes;             ///< above this size of the history the oldest of it are removed; 0: any size
};
BOOST_DESCRIBE_STRUCT(Settings, (), (heartbeat, lease, poll, slots, active_completed, active_failed, retention,
                                     retention_bytes))

/// What goes into the last commit of an attempt, beside the settlement itself.
struct Finish {
    ledger::Commit with;  ///< guards and ops of the job's effects
    std::optional<json::value> result;
    std::optional<Uuid> related_dataset_id;
    std::optional<Uuid> result_file_id;
    json::object metadata;
};

/// What the handler of a kind works with. Used by one thread, except `stop`.
class Context {
public:
    virtual ~Context() = default;
    virtual const Job& job() const = 0;
    /// Requested when the job is cancelled, its time is up, its lease is lost or the server stops. Check it per block
    /// of work: an attempt ends when its handler returns, and nothing else can end it.
    virtual std::stop_token stop() const = 0;
    /// Throws Error{cancelled} when a stop was requested.
    virtual void check() const = 0;
    /// A stage mark: committed and visible on return. Throws Error{lease_lost}.
    virtual void stage(int progress, std::string_view stage, std::string_view message = {}) = 0;
    /// A percent tick: committed and visible within 250 ms; only the latest counts. Clamped to 0-99.
    virtual void tick(int progress, std::string_view message = {}) = 0;
    /// A line for those who look at the job, visible within 250 ms. At most 8 KiB; longer ones are cut. At most 1,000
    /// lines and 256 KiB per attempt, then one says how many were dropped. No file contents, no secrets.
    virtual void log(observe::Level level, std::string_view text) = 0;
    /// Completes the job and commits its effects in one transaction, fenced by this attempt. `refused` leaves the job
    /// running, so the handler can throw or finish otherwise. Throws Error{lease_lost}.
    virtual ledger::Committed finish(Finish finish) = 0;
    /// Commits the effects as `finish` does, children of this job among them, and ends the attempt without counting it. The
    /// job is blocked until its children have ended, however they did, and then runs again. Return after it.
    virtual ledger::Committed await_children(Finish finish) = 0;
    /// Ends the attempt without counting it; the job is scheduled again in `time`. Does not return: what it throws is
    /// no std::exception and is not to be caught.
    [[noreturn]] virtual void snooze(Duration time) = 0;

    /// What this or an earlier attempt has saved; null when nothing. It outlives failures, snoozes, lost workers and a
    /// person's retry, and ends when the job completes.
    virtual const json::value& checkpoint() const = 0;
    /// Durable on return, at most 64 KiB of JSON. Throws Error{lease_lost}, Error{payload_too_large}. The member `steps`,
    /// where `step` keeps its results, is carried over unless `value` has one or is no object.
    virtual void save_checkpoint(json::value value) = 0;
    /// Runs `body` once over all attempts of the job: later ones get its result from the checkpoint. A crash between
    /// its end and the commit of the result makes it run again. Names are unique within the job.
    json::value step(std::string_view name, const std::function<json::value()>& body);
};

inline constexpr std::size_t checkpoint_bytes_max = 64 * 1024;

/// A kind of job: one folder in pipelines/ and one line in its catalog.
struct Kind {
    std::string name;
    Type type = Type::processing;
    std::string label;  ///< for people
    int attempts_max = 3;
    Duration timeout{};  ///< of one attempt, unless the job has its own; zero: none
    std::function<void(Context&)> run;  ///< returning without `finish` completes the job with no effects
};

/// Claims jobs, runs them on its threads, settles them, beats and rescues. One per process.
class Engine {
public:
    Engine(Settings settings, std::vector<Kind> kinds, JobStore& store, ledger::Ledger& ledger, events::Hub& hub,
           const Clock& clock, observe::Log& log, Worker self, observe::Tracer* tracer = nullptr);
    ~Engine();

    /// Registers the worker, takes over what a predecessor left (`restart`: the only process of a SQLite directory has
    /// just started) and begins to claim.
    void start(bool restart);
    /// Beats and rescues but runs no jobs (`millrace serve`).
    void start_without_running(bool restart);
    /// Stops claiming, waits up to `grace` for running jobs, hands the rest back without counting an attempt.
    void drain(Duration grace);
    const Uuid& worker() const;
    /// Jobs running now in this process.
    int running() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::jobs
