#include <boost/json/string.hpp>

#include "api/download.hpp"
#include "api/job_actions.hpp"
#include "api/v2/job_request.hpp"
#include "api/waiting.hpp"
#include "jobs/view.hpp"

namespace millrace::api::v2 {
namespace {

using jobs::Job;
using jobs::State;

struct JobList {
    std::vector<jobs::JobView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(JobList, (), (items, next_cursor))

struct AttemptList {
    std::vector<jobs::Attempt> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(AttemptList, (), (items, next_cursor))

struct CreatedJob : jobs::JobView {
    Uuid job_id;
};
BOOST_DESCRIBE_STRUCT(CreatedJob, (jobs::JobView), (job_id))

struct ReportProgress {
    double progress = 0;
    std::optional<std::string> message;
    static std::array<std::string_view, 1> required() { return {"progress"}; }
};
BOOST_DESCRIBE_STRUCT(ReportProgress, (), (progress, message))

struct ReportEnd {
    std::optional<std::string> error;
    json::value result;
    std::optional<Uuid> related_dataset_id;
    std::optional<json::object> job_metadata;
};
BOOST_DESCRIBE_STRUCT(ReportEnd, (), (error, result, related_dataset_id, job_metadata))

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

http::Response job_response(int status, const Job& job) {
    auto body = to_json(jobs::view(job));
    auto response = http::Response::json(status, std::move(body));
    response.etag = strong_etag(response.body);
    return response;
}

Job find(Call& call) {
    auto job = call.services.jobs.get(call.id(), call.scope());
    if (!job) throw Error{Code::not_found};
    return std::move(*job);
}

/// The job after a change; it was there a moment ago.
http::Response changed(Call& call, const Uuid& id) {
    auto job = call.services.jobs.get(id);
    if (!job) throw Error{Code::not_found};
    return job_response(200, *job);
}

// Reading

http::Begun active(Call& call) {
    const auto begun = std::chrono::steady_clock::now();
    auto& services = call.services;
    const auto now = services.clock.now();
    auto completed = services.jobs_settings.active_completed;
    auto failed = services.jobs_settings.active_failed;
    if (const auto window = call.request.query_value("window")) {
        const auto narrow = parse_duration(*window);
        if (!narrow) throw Error{Code::invalid_parameter, {{"name", "window"}, {"why", "expected a duration, e.g. 1m"}}};
        completed = std::min(completed, *narrow);
        failed = std::min(failed, *narrow);
    }
    const auto jobs = services.jobs.active(
        call.scope(), {.completed_after = now - completed, .failed_after = now - failed, .limit = active_jobs_max});
    std::string body = "[";
    for (const auto& job : jobs) {
        if (body.size() > 1) body += ',';
        append_json(body, jobs::view(job));
    }
    body += ']';
    auto response = http::Response::json(200, std::move(body));
    response.etag = strong_etag(response.body);
    response.headers.set("Cache-Control", "private, no-cache");
    services.metrics.jobs_active_endpoint_latency().observe_seconds(std::chrono::steady_clock::now() - begun);
    return response;
}

http::Begun list(Call& call) {
    const auto page = call.services.jobs.list(call.scope(), list_request<jobs::ListRequest>(call, jobs::list_fields()));
    JobList out;
    for (const auto& job : page.items) out.items.push_back(jobs::view(job));
    out.next_cursor = page.next_cursor;
    return http::Response::json(200, to_json(out));
}

http::Begun get(Call& call) {
    auto job = find(call);
    const auto wait = wait_of(call.request, Duration{0});
    if (wait == Duration{0} || jobs::is_terminal(job.state)) return job_response(200, job);
    return wait_for_job(call, job.id, wait, [](const Job& ended) -> http::Answer { return job_response(200, ended); });
}

http::Begun attempts(Call& call) {
    AttemptList out;
    out.items = call.services.jobs.attempts(find(call).id);
    return http::Response::json(200, to_json(out));
}

http::Begun result(Call& call) {
    const auto job = find(call);
    if (job.state != State::completed) {
        throw Error{Code::conflict, {{"why", "the job is " + std::string{word(job.state)} + " and has no result"}}};
    }
    return http::Response::json(200, json::serialize(job.result));
}

// Creating

http::Answer create(Call& call, JobRequest body) {
    const auto stored = store_job(call, job_of(call, body), body, true);
    const auto job = call.services.jobs.get(stored.job);
    if (!job) throw Error{Code::internal};
    CreatedJob out;
    static_cast<jobs::JobView&>(out) = jobs::view(*job);
    out.job_id = job->id;
    auto response = http::Response::json(stored.made ? 201 : 200, to_json(out));
    response.headers.set("Location", "/api/v2/jobs/" + job->id.str());
    return response;
}

// External jobs

Job find_external(Call& call) {
    auto job = find(call);
    if (!job.external()) throw Error{Code::conflict, {{"why", "the job is run by the server, not by its owner"}}};
    if (jobs::is_terminal(job.state)) throw Error{Code::job_finished, {{"state", std::string{word(job.state)}}}};
    return job;
}

void require(const ledger::Committed& committed, const char* why) {
    if (!committed) throw Error{Code::conflict, {{"why", why}}};
}

/// Starts the job unless it runs already.
void start_external(Call& call, const Job& job) {
    if (job.state == State::running) return;
    const auto now = call.services.clock.now();
    require(call.services.ledger.commit(std::move(ledger::Commit{}
                                                      .guard(jobs::InState{job.id, {State::queued}})
                                                      .add(jobs::StartExternal{job.id, now}))),
            "the job cannot be started now");
}

http::Answer start(Call& call, Nothing) {
    const auto job = find_external(call);
    start_external(call, job);
    return changed(call, job.id);
}

http::Answer progress(Call& call, ReportProgress body) {
    const auto job = find_external(call);
    start_external(call, job);
    const int percent = static_cast<int>(std::clamp(body.progress, 0.0, 99.0));
    const auto now = call.services.clock.now();
    require(call.services.ledger.commit(std::move(
                ledger::Commit{}
                    .guard(jobs::InState{job.id, {State::running}})
                    .add(jobs::Stage{job.id, percent, job.stage, body.message.value_or(job.message), now}))),
            "the job does not run");
    return changed(call, job.id);
}

http::Answer complete(Call& call, ReportEnd body) {
    const auto job = find_external(call);
    start_external(call, job);
    jobs::Settle settle;
    settle.job = job.id;
    settle.at = call.services.clock.now();
    settle.related_dataset_id = body.related_dataset_id;
    if (body.job_metadata) settle.metadata = *body.job_metadata;
    if (!body.result.is_null()) settle.result = body.result;
    if (body.error) {
        settle.state = State::failed;
        settle.outcome = "failed";
        settle.error_code = to_string(Code::external_failure);
        settle.error_message = *body.error;
    } else {
        settle.outcome = "completed";
    }
    require(call.services.ledger.commit(std::move(ledger::Commit{}
                                                      .guard(jobs::InState{job.id, {State::running}})
                                                      .add(std::move(settle)))),
            "the job does not run");
    return changed(call, job.id);
}

// Acting on jobs

http::Begun cancel(Call& call) {
    cancel_job(call);
    return changed(call, call.id());
}

struct ChangeJob {
    std::optional<int> priority;
    std::optional<Instant> run_at;
    std::optional<std::vector<std::string>> tags;
};
BOOST_DESCRIBE_STRUCT(ChangeJob, (), (priority, run_at, tags))

/// If-Match names the job as the caller has seen it.
void require_match(const http::Request& request, const Job& job) {
    const auto match = request.headers.find("if-match");
    if (!match || *match == "*") return;
    if (*match != strong_etag(to_json(jobs::view(job)))) throw Error{Code::precondition_failed};
}

http::Answer change(Call& call, ChangeJob body) {
    const auto job = find(call);
    require_match(call.request, job);
    Error error{Code::invalid_fields};
    if (body.priority && (*body.priority < jobs::priority_min || *body.priority > jobs::priority_max)) {
        error.issues.push_back({"/priority", "out_of_range", "expected -1000 to 1000"});
    }
    if (body.tags) body.tags = checked_tags(std::move(*body.tags), "/tags", error.issues);
    if (!error.issues.empty()) throw error;
    const bool waits = job.state == State::queued || job.state == State::scheduled || job.state == State::blocked || job.state == State::retry_wait;
    if (!waits) throw Error{Code::conflict, {{"why", "the job has started and is " + std::string{word(job.state)}}}};
    jobs::Change change;
    change.job = job.id;
    change.priority = body.priority;
    change.run_at = body.run_at;
    change.tags = std::move(body.tags);
    change.at = call.services.clock.now();
    require(call.services.ledger.commit(std::move(ledger::Commit{}.guard(jobs::InState{job.id, {job.state}}).add(std::move(change)))),
            "the job has moved on meanwhile; look at it again");
    return changed(call, job.id);
}

http::Begun acknowledge(Call& call) {
    const auto job = find(call);
    if (!jobs::is_terminal(job.state)) throw Error{Code::job_not_finished, {{"state", std::string{word(job.state)}}}};
    call.services.ledger.commit(std::move(ledger::Commit{}.add(jobs::Acknowledge{job.id, call.services.clock.now()})));
    return changed(call, job.id);
}

http::Begun remove(Call& call) {
    const auto job = find(call);
    if (!jobs::is_terminal(job.state)) throw Error{Code::job_not_finished, {{"state", std::string{word(job.state)}}}};
    call.services.ledger.commit(std::move(ledger::Commit{}.add(jobs::Remove{job.id, call.services.clock.now()})));
    return http::Response::empty(204);
}

http::Begun retry(Call& call) {
    const auto job = find(call);
    if (jobs::can_retry(job.state) && job.kind == "import" && !job.input.contains("dataset_id")) {
        throw Error{Code::conflict, {{"why", "the bytes of this upload never arrived; send the file again"}}};
    }
    retry_job(call.services, job);
    return changed(call, job.id);
}

}  // namespace

void add_jobs(Table& table) {
    const auto job_schema = json_schema<jobs::JobView>();
    const Reply not_found = reply_error(404, "No such job of yours");
    const Reply finished = reply_error(409, "The job is in a state that does not allow this");
    const Reply fields = reply_error(422, "Fields that are not valid, each with its pointer");
    const json::value example_external{{"type", "processing"}, {"job_metadata", {{"filename", "products.csv"}}}};

    for (const auto* path : {"/api/v2/jobs/active", "/api/v2/imports/jobs/active"}) {
        table.add("GET", path, http::Lane::reads,
                  {.id = std::string_view{path}.find("imports") == std::string_view::npos ? "listActiveJobs" : "listActiveImportJobs",
                   .summary = "Jobs worth a look now: unfinished, and those that ended a short while ago",
                   .tag = "jobs",
                   .parameters = {query_scope(), {.name = "window", .in = "query", .description = "Narrows how long ended jobs are shown, e.g. 1m"}},
                   .replies = {{200, "Newest first", json::object{{"type", "array"}, {"items", job_schema}}}, {304, "Nothing has changed since the ETag in If-None-Match", nullptr}}},
                  active);
    }
    table.add("GET", "/api/v2/jobs", http::Lane::reads,
              {.id = "listJobs", .summary = "All jobs, finished ones included", .tag = "jobs",
               .parameters = {query_filter(), query_sort(), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<JobList>()}, reply_error(400, "A parameter is not valid")}},
              list);
    table.add("POST", "/api/v2/jobs", http::Lane::commits,
              {.id = "createJob", .summary = "Create a job: an external one by `type`, or one of a kind, built-in or of remote workers, by `kind` and `input`", .tag = "jobs",
               .body = Body{.schema = json_schema<JobRequest>(), .example = example_external},
               .replies = {{201, "Created", json_schema<CreatedJob>()}, {200, "An existing job, by its unique key, the cache or Idempotency-Key", json_schema<CreatedJob>()}, reply_error(409, "A job with this unique key exists"), fields}},
              [](Call& call) { return with_json<JobRequest>(call, create); });
    table.add("GET", "/api/v2/jobs/{id}", http::Lane::reads,
              {.id = "getJob", .summary = "One job", .tag = "jobs",
               .parameters = {path_id("job"), query_scope(), {.name = "wait", .in = "query", .description = "Wait up to this many seconds for the end of the job", .schema = json::object{{"type", "integer"}}}},
               .replies = {{200, "The job", job_schema}, not_found}},
              get);
    table.add("GET", "/api/v2/jobs/{id}/attempts", http::Lane::reads,
              {.id = "listJobAttempts", .summary = "Every try to run the job", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "Oldest first", json_schema<AttemptList>()}, not_found}},
              attempts);
    table.add("GET", "/api/v2/jobs/{id}/result", http::Lane::reads,
              {.id = "getJobResult", .summary = "What the job produced", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "The result", json::object{}}, not_found, finished}},
              result);
    table.add("POST", "/api/v2/jobs/{id}/start", http::Lane::commits,
              {.id = "startJob", .summary = "An external job has started", .tag = "jobs", .parameters = {path_id("job")},
               .body = Body{.schema = json_schema<Nothing>(), .required = false},
               .replies = {{200, "The job", job_schema}, not_found, finished}},
              [](Call& call) { find_external(call); return with_json<Nothing>(call, start); });
    table.add("POST", "/api/v2/jobs/{id}/progress", http::Lane::commits,
              {.id = "reportJobProgress", .summary = "An external job has come this far", .tag = "jobs", .parameters = {path_id("job")},
               .body = Body{.schema = json_schema<ReportProgress>(), .example = json::object{{"progress", 40}, {"message", "half-way"}}},
               .replies = {{200, "The job", job_schema}, not_found, finished, fields}},
              [](Call& call) { find_external(call); return with_json<ReportProgress>(call, progress); });
    table.add("POST", "/api/v2/jobs/{id}/complete", http::Lane::commits,
              {.id = "completeJob", .summary = "An external job has ended, well or with an error", .tag = "jobs", .parameters = {path_id("job")},
               .body = Body{.schema = json_schema<ReportEnd>(), .example = json::object{{"result", {{"rows", 3}}}}, .required = false},
               .replies = {{200, "The job", job_schema}, not_found, finished, fields}},
              [](Call& call) { find_external(call); return with_json<ReportEnd>(call, complete); });
    table.add("POST", "/api/v2/jobs/{id}/cancel", http::Lane::commits,
              {.id = "cancelJob", .summary = "End a job that has not ended", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "The job, cancelled or about to be", job_schema}, not_found, finished}},
              cancel);
    table.add("PATCH", "/api/v2/jobs/{id}", http::Lane::commits,
              {.id = "changeJob", .summary = "Change a job that has not started: priority, time, tags", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .body = Body{.schema = json_schema<ChangeJob>()},
               .replies = {{200, "The job", job_schema}, not_found, finished, reply_error(412, "The job is not as If-Match says"), fields}},
              [](Call& call) { find(call); return with_json<ChangeJob>(call, change); });
    table.add("DELETE", "/api/v2/jobs/{id}", http::Lane::commits,
              {.id = "removeJob", .summary = "Remove an ended job with its attempts and log lines", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{204, "It is gone", nullptr}, not_found, finished}},
              remove);
    table.add("POST", "/api/v2/jobs/{id}/acknowledge", http::Lane::commits,
              {.id = "acknowledgeJob", .summary = "A person has seen how the job ended: it needs no attention any more", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "The job", job_schema}, not_found, finished}},
              acknowledge);
    table.add("POST", "/api/v2/jobs/{id}/retry", http::Lane::commits,
              {.id = "retryJob", .summary = "Run a failed or cancelled job again", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "The job, queued again", job_schema}, not_found, finished}},
              retry);
}

}  // namespace millrace::api::v2
