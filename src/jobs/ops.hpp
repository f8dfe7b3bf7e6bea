#pragma once

#include "jobs/declared_kind.hpp"
#include "jobs/job.hpp"
#include "jobs/queue.hpp"
#include "ledger/ledger.hpp"

/// Every change of a job. Each op that changes state or stage appends its durable event ("job.<state>" or
/// "job.stage") with the job as in v2.
namespace millrace::jobs {

// Guards

/// The writer still owns the attempt: the job is running or cancelling under this attempt and token. Else `lost`.
struct Fence : ledger::Op {
    Lease lease;
    explicit Fence(Lease l) : lease{l} {}
};

/// The job is in one of the states. Else `lost`.
struct InState : ledger::Op {
    Uuid job;
    std::vector<State> states;
    InState(Uuid j, std::vector<State> s) : job{j}, states{std::move(s)} {}
};

/// No other job of the owner has the key, is in one of the states and was made at or after `since`. Else `refused`
/// with its id. Two commits with one key go one after the other.
struct Unique : ledger::Op {
    Uuid owner;
    std::string key;
    std::vector<State> states;
    Instant since{};
    std::optional<Uuid> except;  ///< the job that this commit ends
};

BOOST_DEFINE_ENUM_CLASS(NeedOutcome, success, failure, end)

/// A job that must have ended, in this way, before another may start.
struct Need {
    Uuid job;
    NeedOutcome outcome = NeedOutcome::success;
};

// Ops

/// Inserts the job as given (state queued, scheduled, blocked, or running for a workflow; times set by the caller), as a
/// child of its parent. With `needs` it is blocked until they have ended; where one has ended otherwise it is cancelled
/// at once. No effect when the id exists.
struct Create : ledger::Op {
    Job job;
    std::vector<Need> needs;
    explicit Create(Job j, std::vector<Need> n = {}) : job{std::move(j)}, needs{std::move(n)} {}
};

/// blocked -> queued: what the job waited for has come. `input` is merged into the job's, `supplier_id` set when given.
/// No effect in another state.
struct Unblock : ledger::Op {
    Uuid job;
    json::object input;
    std::optional<std::string> supplier_id;
    Instant at;
    Unblock(Uuid j, json::object i, std::optional<std::string> s, Instant t)
        : job{j}, input{std::move(i)}, supplier_id{std::move(s)}, at{t} {}
};

/// failed -> blocked: an upload that broke off is sent again under the same idempotency key, so the same job waits for
/// its bytes once more. Error and completed_at are cleared. No effect in another state.
struct Reopen : ledger::Op {
    Uuid job;
    Instant at;
    Reopen(Uuid j, Instant t) : job{j}, at{t} {}
};

/// A mark in the life of the job: durable event, visible at once. Progress keeps the larger of old and new.
struct Stage : ledger::Op {
    Uuid job;
    int progress = 0;
    std::string stage;
    std::string message;
    Instant at;
    Stage(Uuid j, int p, std::string s, std::string m, Instant t)
        : job{j}, progress{p}, stage{std::move(s)}, message{std::move(m)}, at{t} {}
};

/// A percent tick: no durable event, but it is shown to this process once it is committed. Guarded inside: no effect
/// when another attempt owns the job or it has ended.
struct Tick : ledger::Op {
    Lease lease;
    int progress = 0;
    std::string message;
    Instant at;
    Tick(Lease l, int p, std::string m, Instant t) : lease{l}, progress{p}, message{std::move(m)}, at{t} {}
};

/// What a handler keeps for its next attempt, in place of what it kept before. Guard with Fence. It outlives a person's
/// Retry and is dropped when the job completes.
struct SaveCheckpoint : ledger::Op {
    Uuid job;
    json::value checkpoint;
    SaveCheckpoint(Uuid j, json::value c) : job{j}, checkpoint(std::move(c)) {}
};

/// Log lines of an attempt, with times that increase. Guarded inside, as Tick. Each op holds all lines that are not known
/// to be committed; those that the store has are left out.
struct AppendLog : ledger::Op {
    Lease lease;
    std::vector<LogLine> lines;
    AppendLog(Lease l, std::vector<LogLine> ls) : lease{l}, lines{std::move(ls)} {}
};

/// Ends the running attempt and moves the job: to completed, failed, cancelled, retry_wait (with run_at) or, without
/// counting the attempt, handed back to queued, snoozed to scheduled (with run_at) or blocked until its children have ended
/// (queued when they have). Guard with Fence. Drops the lease,
/// closes the attempt row.
struct Settle : ledger::Op {
    Uuid job;
    State state = State::completed;
    std::string outcome;  ///< of the attempt: "completed", "failed", "cancelled", "lost", "released", "snoozed", "waiting"
    std::string error_code;
    std::string error_message;
    std::optional<json::value> result;
    std::optional<Uuid> related_dataset_id;
    std::optional<Uuid> result_file_id;
    json::object metadata;  ///< merged into the job's
    std::optional<Instant> run_at;
    bool uncount = false;  ///< handed back or snoozed: the attempt does not count
    Instant at;
};

/// Asks to end the job and its unfinished children: queued, scheduled, blocked, retry_wait (and running without a worker)
/// -> cancelled; running -> cancelling. Guard with InState.
struct Cancel : ledger::Op {
    Uuid job;
    Instant at;
    Cancel(Uuid j, Instant t) : job{j}, at{t} {}
};

/// failed or cancelled -> queued: a person asks again. History of attempts is kept, attempts start to count anew; a
/// deadline that has passed is dropped, a checkpoint is kept.
struct Retry : ledger::Op {
    Uuid job;
    Instant at;
    Retry(Uuid j, Instant t) : job{j}, at{t} {}
};

/// An external job: its owner has started it (queued -> running, attempt 1).
struct StartExternal : ledger::Op {
    Uuid job;
    Instant at;
    StartExternal(Uuid j, Instant t) : job{j}, at{t} {}
};

/// What a person may change of a job that has not started; nothing when it has.
struct Change : ledger::Op {
    Uuid job;
    std::optional<int> priority;
    std::optional<Instant> run_at;  ///< in the future: scheduled; else queued
    std::optional<std::vector<std::string>> tags;
    Instant at;
};

/// A person has seen that the job failed: it needs no attention any more.
struct Acknowledge : ledger::Op {
    Uuid job;
    Instant at;
    Acknowledge(Uuid j, Instant t) : job{j}, at{t} {}
};

/// Removes an ended job with its attempts and log lines. No effect on one that has not ended.
struct Remove : ledger::Op {
    Uuid job;
    Instant at;
    bool silent = false;  ///< by age: nobody is told
    Remove(Uuid j, Instant t, bool s = false) : job{j}, at{t}, silent{s} {}
};

/// Forgets up to 1,000 of the oldest durable events from before the moment: who resumes from there gets a reset.
struct ForgetEvents : ledger::Op {
    Instant before;
    explicit ForgetEvents(Instant b) : before{b} {}
};

/// Makes the queue or replaces its settings.
struct PutQueue : ledger::Op {
    Queue queue;
    explicit PutQueue(Queue q) : queue{std::move(q)} {}
};

/// The queue has this version, or does not exist when it is 0. Else `lost`.
struct QueueVersion : ledger::Op {
    std::string name;
    int version = 0;
    QueueVersion(std::string n, int v) : name{std::move(n)}, version{v} {}
};

/// Makes known a kind that remote workers run, or replaces what was said of it.
struct DeclareKind : ledger::Op {
    DeclaredKind kind;
    explicit DeclareKind(DeclaredKind k) : kind{std::move(k)} {}
};

}  // namespace millrace::jobs
