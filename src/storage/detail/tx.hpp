#pragma once

#include <atomic>
#include <map>
#include <set>
#include <unordered_map>

#include "events/event.hpp"
#include "jobs/job.hpp"
#include "storage/detail/claim_cursors.hpp"
#include "storage/detail/payload.hpp"
#include "storage/detail/seating.hpp"
#include "storage/detail/turns.hpp"

namespace millrace::storage::detail {

/// A job as it is inside the transaction: locked, with its lease. Changes are made here in memory, by the same code for
/// both databases, and written once per group; `input` and `result` are not loaded.
struct HeldJob {
    struct Holder {
        int attempt = 0;
        Uuid token;
        Uuid worker;
        std::string worker_name;
        Instant claimed_at{};
    };
    jobs::Job job;
    std::optional<Holder> lease;
    std::optional<Holder> ended;  ///< the lease that was dropped, still to be removed
    std::string attempts;         ///< to be added to the log of attempts
    bool found = false;
    bool fresh = false;  ///< still to be inserted, as it is then
    bool changed = false;
    bool result_changed = false;
    std::string ended_with;     ///< error code of an ended job when it was read, or at its last move
    bool more_changed = false;  ///< what stands in jobs.save_more
    bool unsaved = false;       ///< any of these
    /// Not locked, because this process claimed it a moment ago: the row is still this version of itself, or it is not
    /// saved. SQLite has one writer, so there it is.
    std::optional<std::int64_t> version;
};

/// Jobs that this process has claimed, as they were then: most end as they are, and need not be read again for that.
/// Thread-safe.
class ClaimedJobs {
public:
    void put(HeldJob job);
    /// Whoever takes one changes it; what is read next comes from the database.
    std::optional<HeldJob> take(const Uuid& id);
    void drop(const Uuid& id) { take(id); }

private:
    static constexpr std::size_t jobs_max = 10'000;
    std::mutex mutex_;
    std::unordered_map<Uuid, HeldJob> jobs_;
};

/// What the transactions of one process know together.
struct Shared {
    PayloadKeys payload;  ///< set before anything is read or written
    Turns turns;
    ClaimedJobs claimed;
    Seating seating;
    ClaimCursors cursors;
    std::atomic<unsigned> claims = 0;  ///< so far; they begin at another queue each time
    std::mutex mutex;
    std::map<std::string, std::string> last_key;  ///< of each queue: where the next claim goes on among its keys
};

/// Events to append in this order. The last `routine` of them are to be packed: none, or at least routine_min.
constexpr std::size_t routine_min = 8;
struct Told {
    std::vector<events::Event> events;
    std::size_t routine = 0;
};

class Tx;

/// The session as ops see it: what the Tx still holds back is written before anything else, so that SQL finds it.
class TxSession final : public Session {
public:
    TxSession(Tx& tx, Session& session) : tx_{tx}, session_{session} {}
    Dialect dialect() const override { return session_.dialect(); }
    std::int64_t run(Statement statement, std::span<const Value> values, const OnRow& on_row = {}) override;
    void later(Statement statement, std::span<const Value> values, OnRow on_row = {}) override;
    void flush() override { session_.flush(); }
    std::string_view text(Statement statement) const override { return session_.text(statement); }
    void query(const std::string& sql, std::span<const Value> values, const OnRow& on_row) override;

private:
    Tx& tx_;
    Session& session_;
};

/// A token that nobody can guess, for a new lease.
Uuid random_token();
/// The job as it looks from the moment its attempt begins.
void begin_attempt(jobs::Job& job, int attempt, Instant at);

/// The durable event of a job, as the API shows it.
events::Event job_event(std::string_view type, const jobs::Job& job);

/// What the members of a group do to the database together: jobs held, statements, events. One thread, one transaction.
class Tx {
public:
    /// `shard` names the rows of the counters that this writer adds to, so that no two writers wait for each other.
    /// A `hopeful` one takes it that new jobs are new and that nobody has changed what this process has claimed; when
    /// that is wrong the transaction fails, and is done again without that hope.
    Tx(Session& session, Shared& shared_state, std::string_view shard, bool hopeful)
        : db{*this, session}, shared{shared_state}, session_{session}, shard_{shard}, hopeful_{hopeful} {}

    TxSession db;
    Shared& shared;
    /// Percent ticks: shown once they are committed, but kept nowhere. Left out for jobs of which events tell.
    std::vector<events::Event> ticks;

    /// Locks and loads jobs in one round trip. In order of id, so that two processes do not wait for each other.
    void hold(std::vector<Uuid> ids);
    /// Jobs that will be saved in any case: those that this process has claimed are not loaded, if one is hopeful, and
    /// the transaction fails when somebody else has changed them since.
    void hold_to_settle(const std::vector<Uuid>& ids);
    /// The job was claimed by this transaction; to be remembered when it is committed.
    void claimed(HeldJob job) { claimed_.push_back(std::move(job)); }
    /// The job, which has just been inserted, starts at once when a slot stands empty and nobody waits before it.
    void seat(const jobs::Job& job);
    /// The job has come to its queue, or to another place in it; it may have to wait there.
    void queued(const jobs::Job& job);
    /// A claim of this transaction went up to this place.
    void passed(ClaimCursors::Line line, const Place& last, std::uint64_t version) { passed_.push_back({std::move(line), last, version}); }
    void committed();
    /// The job, locked; nullptr when there is none.
    HeldJob* job(const Uuid& id);
    /// The job is removed by SQL: nothing of it is written any more.
    void forget(const Uuid& id);
    /// May a job with this id be inserted?
    bool is_free(const Uuid& id);
    /// Inserts a job that does not exist yet.
    const jobs::Job& insert(jobs::Job job);
    /// Marks the job as changed and appends the event.
    void changed(HeldJob& held) {
        held.changed = true;
        to_save(held);
    }
    void changed_more(HeldJob& held) {
        held.more_changed = true;
        changed(held);
    }
    /// Counts the move of a job for /stats and the counters; nothing stands for "not there".
    void count(const jobs::Job& job, std::optional<jobs::State> from, std::optional<jobs::State> to, Instant at);
    /// Appended last, so that seq is in the order of commits. A routine one can be read from its job and the attempts of
    /// that too: it need not be found by its subject.
    void tell(events::Event event, bool routine = false) { told_.push_back({std::move(event), routine}); }
    void event(std::string_view type, const jobs::Job& job) { tell(job_event(type, job)); }
    void state_event(const jobs::Job& job, bool routine = false);
    /// What was told, in order for each subject.
    Told told();

    void drop_lease(HeldJob& held);
    void close_attempt(const Uuid& job, Instant at, std::string_view outcome, std::string_view error_code = {},
                       std::string_view error_message = {});

    /// Writes the jobs that are new or changed, all of one kind together. SQL through `db` comes after it by itself.
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
    void to_save(HeldJob& held) {
        if (!held.unsaved) unsaved_.push_back(&held);
        held.unsaved = true;
    }
    void save_new();
    void save_changes();

    Session& session_;
    const std::string_view shard_;
    const bool hopeful_;
    std::map<Uuid, HeldJob> jobs_;
    std::vector<HeldJob*> unsaved_;  ///< in the order in which they came
    std::set<std::string> queues_;  ///< known to exist
    std::vector<HeldJob> claimed_;
    std::vector<Seat> seats_;
    struct Passed {
        ClaimCursors::Line line;
        Place last;
        std::uint64_t version = 0;
    };
    std::vector<Passed> passed_;
    std::map<std::string, Place> came_;  ///< the first of each queue
    std::vector<std::pair<events::Event, bool>> told_;
    std::map<std::pair<std::string, jobs::State>, std::int64_t> counts_;
    std::map<StatKey, Sums> stats_;
};

}  // namespace millrace::storage::detail
