#pragma once

#include "api/v2/routes.hpp"

namespace millrace::api::v2 {

BOOST_DEFINE_ENUM_CLASS(OnConflict, reject, return_existing, replace)

/// One of these at a time: while a job of the owner with this key is in one of `states` and younger than the window.
struct UniqueBy {
    std::string key;
    std::vector<jobs::State> states;  ///< default: every state that is not an end
    std::optional<std::int64_t> window_ms;
    OnConflict on_conflict = OnConflict::reject;
    static std::array<std::string_view, 1> required() { return {"key"}; }
};
BOOST_DESCRIBE_STRUCT(UniqueBy, (), (key, states, window_ms, on_conflict))

/// A job as a client asks for it.
struct JobRequest {
    std::optional<std::string> type;
    std::optional<std::string> kind;
    std::optional<json::object> input;
    std::optional<json::object> job_metadata;
    std::optional<Uuid> related_dataset_id;
    std::optional<std::string> filename;
    std::optional<std::string> supplier_id;
    std::optional<std::string> queue;
    std::optional<int> priority;
    std::optional<Instant> run_at;
    std::optional<Instant> deadline;
    std::optional<std::int64_t> timeout_ms;
    std::optional<int> attempts_max;
    std::optional<jobs::RetryPolicy> retry;
    std::optional<std::vector<std::string>> tags;
    std::optional<std::string> limit_key;
    std::optional<UniqueBy> unique;
    std::optional<std::int64_t> cache_ttl_ms;
    std::optional<Uuid> parent_id;
};
BOOST_DESCRIBE_STRUCT(JobRequest, (),
                      (type, kind, input, job_metadata, related_dataset_id, filename, supplier_id, queue, priority, run_at,
                       deadline, timeout_ms, attempts_max, retry, tags, limit_key, unique, cache_ttl_ms, parent_id))

/// The job that the request describes, checked; not stored yet. Problems are reported below `pointer`. Throws
/// Error{invalid_fields}, Error{unknown_job_kind}, Error{unknown_job_type}.
jobs::Job job_of(Call& call, const JobRequest& request, const std::string& pointer = "");

/// A job that runs while its children do; not stored yet.
jobs::Job parent_job(Call& call, std::string kind);

/// Stores the job by the rules of its request, with `more` in the same commit. `made` is false when an existing one is
/// answered: by the idempotency key (when `remember`), the unique key or the cache. Throws Error{job_exists},
/// Error{idempotency_mismatch}.
struct Stored {
    Uuid job;
    bool made = true;
};
Stored store_job(Call& call, jobs::Job job, const JobRequest& request, bool remember, const std::function<void(ledger::Commit&)>& more = {});

/// 1 to 20 tags of at most 64 characters, in order and without doubles.
std::vector<std::string> checked_tags(std::vector<std::string> tags, const std::string& pointer, std::vector<Issue>& issues);

}  // namespace millrace::api::v2
