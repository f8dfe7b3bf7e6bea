#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/describe.hpp"
#include "base/error.hpp"
#include "base/scope.hpp"

namespace millrace::jobs {

BOOST_DEFINE_ENUM_CLASS(State, scheduled, blocked, queued, running, retry_wait, cancelling, completed, failed, cancelled)
BOOST_DEFINE_ENUM_CLASS(Type, import, export_, validation, processing)

/// The wire form of a type: "import", "export", "validation", "processing".
std::string_view type_word(Type type);
std::optional<Type> type_from(std::string_view word);

constexpr bool is_terminal(State state) {
    return state == State::completed || state == State::failed || state == State::cancelled;
}

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
    int priority = 0;  ///< higher runs first
    int attempt = 0;   ///< attempts started so far
    int attempts_max = 3;
    int losses = 0;   ///< attempts whose worker vanished
    int crashes = 0;  ///< isolated children that died on this job
    Instant run_at{};

    Uuid owner;
    Uuid org;
    std::optional<Uuid> parent;

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

    bool external() const { return kind == "external"; }
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
    std::string outcome;  ///< "running", "completed", "failed", "cancelled", "lost", "released"
    std::string error_code;
    std::string error_message;
};
BOOST_DESCRIBE_STRUCT(Attempt, (), (job, attempt, worker, started_at, ended_at, outcome, error_code, error_message))

/// What follows an attempt that ended with an error. Pure.
struct Next {
    State state = State::failed;  ///< failed or retry_wait
    Duration delay{};             ///< of the retry
};

/// A retryable error is tried again until attempts run out.
Next after_failure(const Job& job, const Error& error, double jitter);

/// Delay before attempt `attempt + 1`: uniform in [0, min(1 h, 1 s * 2^attempt)], so that jobs that failed together
/// do not return together. `jitter` in [0, 1). Source: Brooker, "Exponential Backoff and Jitter" (2015).
Duration backoff(int attempt, double jitter);

/// A job whose worker vanished: queued again, or failed `worker_crashed` after five losses.
State after_loss(const Job& job);
inline constexpr int losses_max = 5;
inline constexpr int crashes_max = 2;

/// May a person's action move the job?
bool can_cancel(State state);
bool can_retry(State state);

}  // namespace millrace::jobs
