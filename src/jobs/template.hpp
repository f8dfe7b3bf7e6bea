#pragma once

#include "jobs/job.hpp"

namespace millrace::jobs {

inline constexpr std::size_t input_bytes_max = 64 * 1024;
inline constexpr int tags_max = 20;
inline constexpr std::size_t tag_bytes_max = 64;

/// What a job is to be, without being one: a schedule makes a job of it at each of its times. The fields are those of
/// `POST /jobs`.
struct JobTemplate {
    std::optional<std::string> type;  ///< of an external job; else that of the kind
    std::optional<std::string> kind;  ///< absent: external
    json::object input;
    json::object job_metadata;
    std::optional<std::string> filename, supplier_id;
    std::string queue = "default";
    int priority = 0;
    std::vector<std::string> tags;
    std::optional<int> attempts_max;  ///< absent: that of the kind
    std::optional<std::int64_t> timeout_ms;
    std::optional<RetryPolicy> retry;
    std::optional<std::string> limit_key;
};
BOOST_DESCRIBE_STRUCT(JobTemplate, (),
                      (type, kind, input, job_metadata, filename, supplier_id, queue, priority, tags, attempts_max,
                       timeout_ms, retry, limit_key))

/// What is wrong with it, each at its place below `pointer`. Whether there is such a kind is not looked at.
std::vector<Issue> problems(const JobTemplate& job, const std::string& pointer);

/// A new job, queued at `now`. `type`, `kind` and `attempts_max` have been filled in.
Job make_job(const JobTemplate& job, const Uuid& owner, const Uuid& org, Instant now);

}  // namespace millrace::jobs
