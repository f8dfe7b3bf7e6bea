#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "base/error.hpp"
#include "base/scope.hpp"
#include "jobs/retry.hpp"

namespace millrace::jobs {

BOOST_DEFINE_ENUM_CLASS(State, scheduled, blocked, queued, running, retry_wait, cancelling, completed, failed, cancelled)
BOOST_DEFINE_ENUM_CLASS(Type, import, export_, validation, processing)

/// The wire form of a type: "import", "export", "validation", "processing".
std::string_view type_word(Type type);
std::optional<Type> type_from(std::string_view word);

constexpr bool is_terminal(State state) {
    return state == State::completed || state == State::failed || state == State::cancelled;
}

/// What its creator asked of a job beyond the rules of its kind.
struct Options {
    std::optional<std::int64_t> timeout_ms;  ///< of one attempt; in place of that of its kind
    std::optional<RetryPolicy> retry;
    bool operator==(const Options&) const = default;
};
BOOST_DESCRIBE_STRUCT(Options, (), (timeout_ms, retry))

/// The jobs whose parent this one is; kept as they move.
struct Children {
    int total = 0;
    int completed = 0;
    int failed = 0;
    int cancelled = 0;
    std::int64_t progress = 0;  ///< sum over all of them
    int ended() const { return completed + failed + cancelled; }
    bool operator==(const Children&) const = default;
};
BOOST_DESCRIBE_STRUCT(Children, (), (total, completed, failed, cancelled, progress))

inline constexpr int priority_min = -1000, priority_max = 1000;

/// One piece of work and everything that is known of it.
struct Job {
    Uuid id;
    std::string kind;  ///< exact name: "import", "external", ...
    Type type = Type::processing;
    State state = State::queued;
    int progress = 0;   ///< 0-100; never decreases; 100 only when completed
    std::string stage;  ///< step inside the job: "receiving", "format_check", ...
    std::string message;

    std::string queue = "default";
    int priority = 0;  ///< higher runs first, within its queue
    std::int64_t turn = 0;  ///< place among jobs of the same priority: owners take turns
    int attempt = 0;   ///< attempts started so far
    int attempts_max = 3;
    int losses = 0;   ///< attempts whose worker vanished
    int crashes = 0;  ///< isolated children that died on this job
    Instant run_at{};

    Uuid owner;
    Uuid org;
    std::optional<Uuid> parent;
    std::optional<Uuid> schedule;  ///< that made it

    std::vector<std::string> tags;
    Options options;
    std::optional<std::string> limit_key;   ///< jobs of one key share the key limits of their queue
    std::optional<std::string> unique_key;  ///< of its owner
    std::optional<std::string> cache_key;   ///< of kind and input: whoever asks the same may get this result
    std::optional<Instant> deadline;        ///< not ended by then: failed
    int waiting_on = 0;                     ///< jobs that must end before this one may start
    bool needed = false;                    ///< others wait for this one
    std::optional<Children> children;
    json::value checkpoint;                 ///< what a handler has kept for its next attempt
    std::optional<Instant> acknowledged_at;

    json::object input;  ///< what the handler of the kind needs; at most 64 KiB
    json::object metadata;
    json::value result;
    std::string filename;
    std::optional<std::string> supplier_id;
    std::optional<Uuid> related_dataset_id;
    std::optional<Uuid> input_file_id, reference_file_id, template_id, result_file_id;

    std::string error_code;
    std::string error_message;

    Instant created_at{}, updated_at{};
    std::optional<Instant> started_at, completed_at;

    /// A job without work of its own: it runs while its children do.
    bool workflow() const { return kind == "workflow" || batch(); }
    /// A workflow of which one failed child is a result and not the end of the whole.
    bool batch() const { return kind == "batch"; }
    bool external() const { return kind == "external"; }
    /// Blocked since its last attempt, which has made children: it goes on when they have ended. What is blocked for
    /// another reason needs other jobs, or has never started.
    bool awaits_children() const { return state == State::blocked && started_at && waiting_on == 0 && children; }
};

/// Proof of owning an attempt: every write of a worker carries it and is refused when another attempt owns the job.
struct Lease {
    Uuid job;
    int attempt = 0;
    Uuid token;
};

/// One try to run a job.
struct Attempt {
    Uuid job;
    int attempt = 0;
    std::string worker;
    Instant started_at{};
    std::optional<Instant> ended_at;
    std::string outcome;  ///< "running", "completed", "failed", "cancelled", "lost", "released", "snoozed", "waiting"
    std::string error_code;
    std::string error_message;
};
BOOST_DESCRIBE_STRUCT(Attempt, (), (job, attempt, worker, started_at, ended_at, outcome, error_code, error_message))

/// A line that job code has written.
struct LogLine {
    std::int64_t seq = 0;  ///< its place; the store gives it
    int attempt = 0;
    Instant at{};
    std::string level;  ///< "debug", "info", "warn", "error"
    std::string message;
};
BOOST_DESCRIBE_STRUCT(LogLine, (), (seq, attempt, at, level, message))

/// What follows an attempt that ended with an error. Pure.
struct Next {
    State state = State::failed;  ///< failed or retry_wait
    Duration delay{};             ///< of the retry
};

/// By the retry policy of the job, until attempts run out. `jitter` in [0, 1).
Next after_failure(const Job& job, std::string_view code, bool retryable, double jitter);
Next after_failure(const Job& job, const Error& error, double jitter);

/// A job whose worker vanished: queued again, or failed `worker_crashed` after five losses.
State after_loss(const Job& job);
inline constexpr int losses_max = 5;
inline constexpr int crashes_max = 2;

/// May a person's action move the job?
bool can_cancel(State state);
bool can_retry(State state);

}  // namespace millrace::jobs
