#pragma once

#include "jobs/job.hpp"

/// The job as clients see it. Seeds' enums are closed: `status` never shows another word.
namespace millrace::jobs {

/// `job` in v2: running, completed or failed, beside the engine's `state`.
struct JobView {
    Uuid id;
    std::string type;
    std::string kind;
    std::string status;
    State state = State::queued;
    int progress = 0;
    std::string stage;
    std::string message;
    std::string filename;
    std::optional<std::string> supplier_id;
    Uuid created_by;
    Instant created_at{};
    std::optional<Instant> started_at;
    std::optional<Instant> completed_at;
    Instant updated_at{};
    std::optional<std::string> error_message;
    std::optional<std::string> error_code;
    std::string job_type;
    json::object job_metadata;
    std::optional<Uuid> related_dataset_id;
    int attempt = 0;
    std::string queue;
    int priority = 0;
    std::optional<Uuid> parent_id;
    std::optional<Uuid> schedule_id;
    std::vector<std::string> tags;
    int attempts_max = 0;
    std::optional<Instant> run_at;  ///< of a job that waits for its time
    std::optional<Instant> deadline;
    std::optional<std::string> limit_key;
    std::optional<std::string> unique_key;
    std::optional<Children> children;
    std::optional<Instant> acknowledged_at;
    json::object links;
};
BOOST_DESCRIBE_STRUCT(JobView, (),
                      (id, type, kind, status, state, progress, stage, message, filename, supplier_id, created_by,
                       created_at, started_at, completed_at, updated_at, error_message, error_code, job_type,
                       job_metadata, related_dataset_id, attempt, queue, priority, parent_id, schedule_id, tags, attempts_max, run_at, deadline,
                       limit_key, unique_key, children, acknowledged_at, links))

JobView view(const Job& job);

/// The kind in a view as JSON, without reading the rest: it stands before anything that a user wrote.
std::string_view kind_in(std::string_view view_json);

/// "running", "completed" or "failed".
std::string_view status_v2(State state);
/// "pending", "processing", "completed", "failed" or "cancelled".
std::string_view status_v1(State state);
/// "queued", "processing", "completed" or "failed".
std::string_view status_data_source(State state);

}  // namespace millrace::jobs
