#pragma once

#include <boost/describe/enum.hpp>

#include <optional>
#include <vector>

#include "events/event.hpp"
#include "jobs/declared_kind.hpp"
#include "jobs/ops.hpp"
#include "jobs/store.hpp"

/// Workers beyond this program: they claim, beat and report over HTTP and run kinds of their own. Everything they
/// write is fenced like the writes of the engine, by (job, attempt, token).
namespace millrace::jobs {

/// The role of their rows among the workers.
inline constexpr std::string_view remote_role = "remote";

inline constexpr int remote_batch_max = 200;  ///< jobs in one claim, results in one completion
inline constexpr std::size_t remote_value_bytes_max = 64 * 1024;  ///< of a result or a checkpoint, as JSON
inline constexpr std::size_t remote_metadata_bytes_max = 16 * 1024;

BOOST_DEFINE_ENUM_CLASS(RemoteOutcome, completed, failed, snooze)

/// What a remote worker says of an attempt that has ended.
struct RemoteEnding {
    Lease lease;
    RemoteOutcome outcome = RemoteOutcome::completed;
    std::optional<json::value> result;
    std::string error_code;
    std::string error_message;
    bool retryable = true;
    std::optional<std::int64_t> retry_in_ms;  ///< failed: instead of the policy's delay; snooze: until it is due again
    json::object metadata;
    std::optional<Uuid> related_dataset_id;
    std::vector<LogLine> log;
    double jitter = 0;  ///< [0, 1)
};

/// What the ending makes of the job. Pure. A snooze does not count as an attempt; a job that somebody wants to end is
/// cancelled unless it has completed.
Settle settlement(const Job& job, const RemoteEnding& ending, Instant at);

/// A worker has run the job for longer than its timeout or deadline allows: what becomes of it. Pure.
Settle timed_out(const Job& job, double jitter, Instant at);
/// Handed back: queued again, the attempt does not count.
Settle handed_back(const Uuid& job, Instant at);

/// How far a remote attempt has come. A stage that differs from the job's is a mark, anything else a tick.
struct RemoteProgress {
    Lease lease;
    std::optional<int> progress;
    std::optional<std::string> stage;
    std::optional<std::string> message;
    std::optional<json::value> checkpoint;
    std::vector<LogLine> log;
};

struct RemoteBeat {
    Uuid worker;
    /// What the worker has in hand. Jobs of its leases that it does not name were lost on the way (the answer to a
    /// claim never arrived) and are handed back, once they are older than `lease`. Absent: nothing is compared.
    std::optional<std::vector<Uuid>> running;
    std::vector<RemoteProgress> progress;
    Duration lease{};
    Duration grace{};  ///< beyond the timeout or deadline of a job before it is taken away
    double jitter = 0;
    Instant now{};
};

struct RemoteBeaten {
    bool known = true;  ///< false: given up; everything it held has been taken back
    bool draining = false;
    std::vector<Uuid> cancelling;  ///< of its jobs, those that are to stop
    std::vector<Uuid> lost;        ///< named by it, but not its own (any more)
    std::vector<events::Event> logged;  ///< for Hub::nudge: jobs with new log lines
};

struct RemoteClaimed {
    bool known = true;
    bool draining = false;
    std::vector<Claimed> jobs;
};

/// What remote workers ask of storage. Thread-safe. Throws Error{database_unavailable}.
struct RemoteStore {
    virtual ~RemoteStore() = default;

    virtual std::optional<DeclaredKind> kind(const std::string& name) = 0;
    virtual std::vector<DeclaredKind> kinds() = 0;  ///< by name

    virtual std::optional<Worker> worker(const Uuid& id) = 0;
    /// False when there is no such worker. Of any role: a worker that drains gets no more jobs.
    virtual bool drain(const Uuid& worker, bool drain) = 0;

    /// JobStore::claim for a remote worker; counts as a beat.
    virtual RemoteClaimed claim(const Claim& claim) = 0;
    virtual RemoteBeaten beat(const RemoteBeat& beat) = 0;
    /// A beat for workers that wait for a job and hold none. Those that are unknown or draining come back.
    virtual std::vector<Uuid> beat_idle(const std::vector<Uuid>& workers, Instant now) = 0;
    /// Ends attempts in one transaction, durable on return; for each the state the job has come to, nothing when the
    /// attempt is not the worker's (any more). Counts as a beat. At most remote_batch_max.
    virtual std::vector<std::optional<State>> settle(const Uuid& worker, const std::vector<RemoteEnding>& endings, Instant now) = 0;
    /// Hands back its jobs and forgets the worker; nothing when it is not a remote one. Returns how many jobs.
    virtual int leave(const Uuid& worker, Instant now) = 0;
};

}  // namespace millrace::jobs
