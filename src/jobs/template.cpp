#include "jobs/template.hpp"

namespace millrace::jobs {

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
    job.unique_key = t.unique_key;
    job.related_dataset_id = t.related_dataset_id;
    job.created_at = job.updated_at = job.run_at = now;
    if (const auto* file = job.input.if_contains("file_id"); file && file->is_string() && job.kind == "import") {
        // Each import makes a dataset of its own.
        job.input_file_id = Uuid::parse(file->get_string());
        job.input.insert_or_assign("dataset_id", Uuid::generate().str());
    }
    return job;
}

Unique unique_of(const Job& job) {
    Unique unique;
    unique.owner = job.owner;
    unique.key = job.unique_key.value_or("");
    unique.states = {State::scheduled, State::blocked, State::queued, State::running, State::retry_wait, State::cancelling};
    return unique;
}

}  // namespace millrace::jobs
