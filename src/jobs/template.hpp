#pragma once

#include "jobs/ops.hpp"

namespace millrace::jobs {

/// What a job is to be, without being one: a schedule makes a job of it at each of its times. The fields are those of
/// `POST /jobs` that do not belong to one moment.
struct JobTemplate {
    std::optional<std::string> type;  ///< of an external job; else that of the kind
    std::optional<std::string> kind;  ///< absent: external
    json::object input;
    json::object job_metadata;
    std::optional<Uuid> related_dataset_id;
    std::optional<std::string> filename, supplier_id;
    std::string queue = "default";
    int priority = 0;
    std::vector<std::string> tags;
    std::optional<int> attempts_max;  ///< absent: that of the kind
    std::optional<std::int64_t> timeout_ms;
    std::optional<RetryPolicy> retry;
    std::optional<std::string> limit_key;
    std::optional<std::string> unique_key;  ///< no job is made while one of the owner with this key has not ended
};
BOOST_DESCRIBE_STRUCT(JobTemplate, (),
                      (type, kind, input, job_metadata, related_dataset_id, filename, supplier_id, queue, priority, tags, attempts_max,
                       timeout_ms, retry, limit_key, unique_key))

/// A new job, queued at `now`. `type`, `kind` and `attempts_max` have been filled in.
Job make_job(const JobTemplate& job, const Uuid& owner, const Uuid& org, Instant now);

/// The guard of a job with a unique key.
Unique unique_of(const Job& job);

}  // namespace millrace::jobs
