#include "jobs/template.hpp"

#include <fmt/format.h>

#include "jobs/queue.hpp"

namespace millrace::jobs {
namespace {

constexpr std::int64_t timeout_ms_max = 31LL * 24 * 3600 * 1000;
constexpr int attempts_most = 100;

}  // namespace

std::vector<Issue> problems(const JobTemplate& job, const std::string& pointer) {
    std::vector<Issue> issues;
    const auto wrong = [&](const char* field, const char* code, std::string why) {
        issues.push_back({pointer + field, code, std::move(why)});
    };
    const auto out_of_range = [&](const char* field, std::int64_t least, std::int64_t most) {
        wrong(field, "out_of_range", fmt::format("expected {} to {}", least, most));
    };
    if (!is_queue_name(job.queue)) wrong("/queue", "invalid_value", "expected 1 to 64 letters, digits, '-', '_' or '.'");
    if (job.priority < priority_min || job.priority > priority_max) out_of_range("/priority", priority_min, priority_max);
    if (job.attempts_max && (*job.attempts_max < 1 || *job.attempts_max > attempts_most)) {
        out_of_range("/attempts_max", 1, attempts_most);
    }
    if (job.timeout_ms && (*job.timeout_ms < 1 || *job.timeout_ms > timeout_ms_max)) {
        out_of_range("/timeout_ms", 1, timeout_ms_max);
    }
    if (std::ssize(job.tags) > tags_max) wrong("/tags", "too_many", fmt::format("expected at most {}", tags_max));
    for (std::size_t i = 0; i < job.tags.size(); ++i) {
        if (!job.tags[i].empty() && job.tags[i].size() <= tag_bytes_max) continue;
        issues.push_back({fmt::format("{}/tags/{}", pointer, i), "invalid_value", fmt::format("expected 1 to {} bytes", tag_bytes_max)});
    }
    if (job.limit_key && (job.limit_key->empty() || job.limit_key->size() > 255)) wrong("/limit_key", "invalid_value", "expected 1 to 255 bytes");
    if (json::serialize(job.input).size() > input_bytes_max) wrong("/input", "too_long", "expected at most 64 KiB");
    if (json::serialize(job.job_metadata).size() > input_bytes_max) wrong("/job_metadata", "too_long", "expected at most 64 KiB");
    if (job.retry) std::ranges::move(problems(*job.retry, pointer + "/retry"), std::back_inserter(issues));
    return issues;
}

Job make_job(const JobTemplate& t, const Uuid& owner, const Uuid& org, Instant now) {
    Job job;
    job.id = Uuid::generate();
    job.owner = owner;
    job.org = org;
    job.kind = t.kind.value_or("external");
    job.type = type_from(t.type.value_or("")).value_or(Type::processing);
    job.input = t.input;
    job.metadata = t.job_metadata;
    job.filename = t.filename.value_or("");
    job.supplier_id = t.supplier_id;
    job.queue = t.queue;
    job.priority = t.priority;
    job.tags = t.tags;
    job.attempts_max = t.attempts_max.value_or(job.external() ? 1 : job.attempts_max);
    job.options = {.timeout_ms = t.timeout_ms, .retry = t.retry};
    job.limit_key = t.limit_key;
    job.created_at = job.updated_at = job.run_at = now;
    if (const auto* file = job.input.if_contains("file_id"); file && file->is_string() && job.kind == "import") {
        // Each import makes a dataset of its own.
        job.input_file_id = Uuid::parse(file->get_string());
        job.input.insert_or_assign("dataset_id", Uuid::generate().str());
    }
    return job;
}

}  // namespace millrace::jobs
