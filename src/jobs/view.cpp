#include "jobs/view.hpp"

#include <boost/json/string.hpp>

namespace millrace::jobs {

std::string_view status_v2(State state) {
    switch (state) {
        case State::completed:
            return "completed";
        case State::failed:
        case State::cancelled:
            return "failed";
        default:
            return "running";
    }
}

std::string_view status_v1(State state) {
    switch (state) {
        case State::running:
        case State::cancelling:
            return "processing";
        case State::completed:
            return "completed";
        case State::failed:
            return "failed";
        case State::cancelled:
            return "cancelled";
        default:
            return "pending";
    }
}

std::string_view status_data_source(State state) {
    switch (state) {
        case State::running:
        case State::cancelling:
            return "processing";
        case State::completed:
            return "completed";
        case State::failed:
        case State::cancelled:
            return "failed";
        default:
            return "queued";
    }
}

JobView view(const Job& job) {
    JobView v;
    v.id = job.id;
    v.type = v.job_type = type_word(job.type);
    v.kind = job.kind;
    v.status = status_v2(job.state);
    v.state = job.state;
    v.progress = job.progress;
    v.stage = job.stage;
    v.message = job.message;
    v.filename = job.filename;
    v.supplier_id = job.supplier_id;
    v.created_by = job.owner;
    v.created_at = job.created_at;
    v.started_at = job.started_at;
    v.completed_at = job.completed_at;
    v.updated_at = job.updated_at;
    if (!job.error_code.empty()) {
        v.error_code = job.error_code;
        v.error_message = job.error_message;
    }
    v.job_metadata = job.metadata;
    if (!job.filename.empty()) v.job_metadata.insert_or_assign("filename", job.filename);
    if (job.supplier_id) v.job_metadata.insert_or_assign("supplier_id", *job.supplier_id);
    if (job.related_dataset_id) v.job_metadata.insert_or_assign("dataset_id", job.related_dataset_id->str());
    v.related_dataset_id = job.related_dataset_id;
    v.attempt = job.attempt;
    v.queue = job.queue;
    v.priority = job.priority;
    v.parent_id = job.parent;
    v.schedule_id = job.schedule;
    v.tags = job.tags;
    v.attempts_max = job.attempts_max;
    if (job.state == State::scheduled || job.state == State::retry_wait) v.run_at = job.run_at;
    v.deadline = job.deadline;
    v.limit_key = job.limit_key;
    v.unique_key = job.unique_key;
    v.children = job.children;
    v.acknowledged_at = job.acknowledged_at;
    const auto self = "/api/v2/jobs/" + job.id.str();
    v.links = {{"self", self}, {"stream", self + "/stream"}};
    if (job.related_dataset_id) v.links.emplace("dataset", "/api/v2/datasets/" + job.related_dataset_id->str());
    if (can_cancel(job.state)) v.links.emplace("cancel", self + "/cancel");
    if (can_retry(job.state)) v.links.emplace("retry", self + "/retry");
    return v;
}

std::string_view kind_in(std::string_view view_json) {
    constexpr std::string_view name = R"("kind":")";
    const auto at = view_json.find(name);
    if (at == view_json.npos) return {};
    view_json.remove_prefix(at + name.size());
    return view_json.substr(0, view_json.find('"'));
}

}  // namespace millrace::jobs
