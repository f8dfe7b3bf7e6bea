#include <algorithm>

#include "api/v2/job_request.hpp"
#include "jobs/view.hpp"

namespace millrace::api::v2 {
namespace {

using jobs::Job;

constexpr std::size_t jobs_max = 500;  ///< of one workflow: it is stored in one commit

struct NeedRequest {
    std::string job;
    jobs::NeedOutcome on = jobs::NeedOutcome::success;
    static std::array<std::string_view, 1> required() { return {"job"}; }
};
BOOST_DESCRIBE_STRUCT(NeedRequest, (), (job, on))

struct MemberRequest : JobRequest {
    std::string name;
    std::vector<NeedRequest> needs;
    static std::array<std::string_view, 1> required() { return {"name"}; }
};
BOOST_DESCRIBE_STRUCT(MemberRequest, (JobRequest), (name, needs))

struct WorkflowRequest {
    std::optional<std::string> name;
    std::vector<MemberRequest> jobs;
    static std::array<std::string_view, 1> required() { return {"jobs"}; }
};
BOOST_DESCRIBE_STRUCT(WorkflowRequest, (), (name, jobs))

struct NeedView {
    Uuid job;
    jobs::NeedOutcome on = jobs::NeedOutcome::success;
};
BOOST_DESCRIBE_STRUCT(NeedView, (), (job, on))

struct MemberView {
    std::string name;
    std::vector<NeedView> needs;
    jobs::JobView job;
};
BOOST_DESCRIBE_STRUCT(MemberView, (), (name, needs, job))

struct WorkflowView {
    jobs::JobView job;
    std::vector<MemberView> jobs;
};
BOOST_DESCRIBE_STRUCT(WorkflowView, (), (job, jobs))

/// The members in an order in which each comes after those it needs. Every name must be there, once, and no circle.
class Order {
public:
    explicit Order(const std::vector<MemberRequest>& members) : members_{members} {
        for (std::size_t i = 0; i < members.size(); ++i) {
            const auto& name = members[i].name;
            const auto at = "/jobs/" + std::to_string(i) + "/name";
            if (name.empty() || name.size() > 100) issue(at, "out_of_range", "a name has 1 to 100 bytes");
            else if (!index_.emplace(name, i).second) issue(at, "duplicate", "is the name of another job too");
        }
        for (std::size_t i = 0; i < members.size(); ++i) check_needs(i);
        raise();
        marks_.resize(members.size());
        for (std::size_t i = 0; i < members.size(); ++i) visit(i);
        raise();
    }

    const std::vector<std::size_t>& indices() const { return order_; }
    std::size_t index(const std::string& name) const { return index_.at(name); }

private:
    enum class Mark { none, open, done };

    void check_needs(std::size_t i) {
        const auto& needs = members_[i].needs;
        for (std::size_t k = 0; k < needs.size(); ++k) {
            if (index_.contains(needs[k].job)) continue;
            issue("/jobs/" + std::to_string(i) + "/needs/" + std::to_string(k) + "/job", "unknown_value", "no job of this workflow is named \"" + needs[k].job + "\"");
        }
    }

    /// Depth first; the depth is bounded by jobs_max.
    void visit(std::size_t i) {
        if (marks_[i] == Mark::done || !error_.issues.empty()) return;
        path_.push_back(i);
        if (marks_[i] == Mark::open) return circle(i);
        marks_[i] = Mark::open;
        for (const auto& need : members_[i].needs) visit(index_.at(need.job));
        marks_[i] = Mark::done;
        order_.push_back(i);
        path_.pop_back();
    }

    void circle(std::size_t i) {
        std::string text;
        for (auto it = std::ranges::find(path_, i); it != path_.end(); ++it) text += (text.empty() ? "" : " needs ") + members_[*it].name;
        issue("/jobs/" + std::to_string(i) + "/needs", "cycle", "the jobs wait for each other: " + text);
    }

    void issue(std::string at, const char* code, std::string detail) { error_.issues.push_back({std::move(at), code, std::move(detail)}); }
    void raise() const {
        if (!error_.issues.empty()) throw error_;
    }

    const std::vector<MemberRequest>& members_;
    std::map<std::string, std::size_t> index_;
    std::vector<Mark> marks_;
    std::vector<std::size_t> path_, order_;
    Error error_{Code::invalid_fields};
};

Job parent_of(Call& call, const WorkflowRequest& request) {
    auto job = parent_job(call, "workflow");
    job.filename = request.name.value_or("");
    job.metadata.emplace("name", request.name.value_or(""));
    return job;
}

WorkflowView show(Call& call, const Job& parent) {
    WorkflowView out;
    out.job = jobs::view(parent);
    for (const auto& child : call.services.jobs.children(parent.id)) {
        MemberView& member = out.jobs.emplace_back();
        if (const auto* name = child.metadata.if_contains("workflow_job"); name && name->is_string()) member.name = std::string_view{name->get_string()};
        for (const auto& need : call.services.jobs.needs(child.id)) member.needs.push_back({need.job, need.outcome});
        member.job = jobs::view(child);
    }
    return out;
}

http::Answer create(Call& call, WorkflowRequest body) {
    if (body.jobs.empty() || body.jobs.size() > jobs_max) {
        Error error{Code::invalid_fields};
        error.issues.push_back({"/jobs", "out_of_range", "expected 1 to " + std::to_string(jobs_max) + " jobs"});
        throw error;
    }
    const Order order{body.jobs};
    const Job parent = parent_of(call, body);
    std::vector<Job> made;
    for (std::size_t i = 0; i < body.jobs.size(); ++i) {
        const auto& member = body.jobs[i];
        auto& job = made.emplace_back(job_of(call, member, "/jobs/" + std::to_string(i)));
        job.parent = parent.id;
        job.metadata.insert_or_assign("workflow_job", member.name);
    }
    ledger::Commit commit;
    commit.add(jobs::Create{parent});
    for (const auto i : order.indices()) {
        std::vector<jobs::Need> needs;
        for (const auto& need : body.jobs[i].needs) needs.push_back({made[order.index(need.job)].id, need.on});
        commit.add(jobs::Create{made[i], std::move(needs)});
    }
    call.services.ledger.commit(std::move(commit));
    const auto stored = call.services.jobs.get(parent.id);
    if (!stored) throw Error{Code::internal};
    auto response = http::Response::json(201, to_json(show(call, *stored)));
    response.headers.set("Location", "/api/v2/workflows/" + parent.id.str());
    return response;
}

http::Begun get(Call& call) {
    const auto job = call.services.jobs.get(call.id(), call.scope());
    if (!job || !job->workflow()) throw Error{Code::not_found};
    return http::Response::json(200, to_json(show(call, *job)));
}

}  // namespace

void add_workflows(Table& table) {
    const json::value example(json::object{
        {"name", "nightly"},
        {"jobs", json::array{json::object{{"name", "fetch"}, {"type", "processing"}},
                             json::object{{"name", "report"}, {"type", "export"}, {"needs", json::array{json::object{{"job", "fetch"}}}}}}}});
    table.add("POST", "/api/v2/workflows", http::Lane::commits,
              {.id = "createWorkflow", .summary = "Jobs that wait for each other, and a parent that shows how far they are", .tag = "jobs",
               .body = Body{.schema = json_schema<WorkflowRequest>(), .example = example},
               .replies = {{201, "The parent and its jobs", json_schema<WorkflowView>()}, reply_error(422, "Fields that are not valid; jobs that wait for each other in a circle")}},
              [](Call& call) { return with_json<WorkflowRequest>(call, create); });
    table.add("GET", "/api/v2/workflows/{id}", http::Lane::reads,
              {.id = "getWorkflow", .summary = "A workflow with its jobs and what each needs", .tag = "jobs", .parameters = {path_id("workflow"), query_scope()},
               .replies = {{200, "The parent and its jobs", json_schema<WorkflowView>()}, reply_error(404, "No such workflow of yours")}},
              get);
}

}  // namespace millrace::api::v2
