#include <boost/json/string.hpp>

#include "accounts/ops.hpp"
#include "api/download.hpp"
#include "api/v2/routes.hpp"
#include "api/waiting.hpp"
#include "base/hash.hpp"
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

struct CreateJob {
    std::optional<std::string> type;
    std::optional<std::string> kind;
    std::optional<json::object> input;
    std::optional<json::object> job_metadata;
    std::optional<Uuid> related_dataset_id;
    std::optional<std::string> filename;
    std::optional<std::string> supplier_id;
    std::optional<int> priority;
};
BOOST_DESCRIBE_STRUCT(CreateJob, (),
                      (type, kind, input, job_metadata, related_dataset_id, filename, supplier_id, priority))

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

[[noreturn]] void unknown_kind(Call& call, const std::string& kind) {
    std::string known;
    for (const auto& one : call.services.kinds) known += (known.empty() ? "" : ", ") + one.name;
    Error error{Code::unknown_job_kind, {{"kind", kind}, {"known", known}}};
    error.issues.push_back({"/kind", "unknown_value", "expected one of " + known});
    throw error;
}

jobs::Type type_of(const CreateJob& body) {
    const auto type = jobs::type_from(body.type.value_or(""));
    if (type) return *type;
    if (!body.type) {
        Error error{Code::invalid_fields};
        error.issues.push_back({"/type", "required", "is missing"});
        throw error;
    }
    Error error{Code::unknown_job_type, {{"type", *body.type}}};
    error.issues.push_back({"/type", "unknown_value", "expected import, export, validation or processing"});
    throw error;
}

/// An import of a file that is stored already.
void check_import_input(Call& call, Job& job) {
    const auto* field = job.input.if_contains("file_id");
    const auto id = field && field->is_string() ? Uuid::parse(field->get_string()) : std::nullopt;
    const auto file = id ? call.services.files.get(*id, call.scope()) : std::nullopt;
    if (!file || file->state != intake::FileState::stored) {
        Error error{Code::invalid_fields};
        error.issues.push_back({"/input/file_id", "unknown_value", "is not a stored file of yours"});
        throw error;
    }
    job.filename = file->filename;
    job.input_file_id = file->id;
    job.input.insert_or_assign("dataset_id", Uuid::generate().str());
}

/// The job that the first request with this key has made, when this request is the same.
Uuid same_request(Call& call, const Uuid& first) {
    const auto remembered = call.services.accounts.request(call.who.scope.user, *idempotency_key(call.request), call.services.clock.now());
    if (!remembered || remembered->request_hash != to_hex(sha256(call.body))) throw Error{Code::idempotency_mismatch};
    return first;
}

http::Answer create(Call& call, CreateJob body) {
    Job job;
    job.id = Uuid::generate();
    job.owner = call.who.scope.user;
    job.org = call.who.scope.org;
    job.created_at = job.updated_at = job.run_at = call.services.clock.now();
    job.priority = body.priority.value_or(0);
    job.filename = body.filename.value_or("");
    job.supplier_id = body.supplier_id;
    job.related_dataset_id = body.related_dataset_id;
    if (job.related_dataset_id && !call.services.datasets.get(*job.related_dataset_id, call.scope())) {
        Error error{Code::invalid_fields};
        error.issues.push_back({"/related_dataset_id", "unknown_value", "is not a dataset of yours"});
        throw error;
    }
    if (body.job_metadata) {
        job.metadata = *body.job_metadata;
        const auto text = [&](std::string_view name) -> std::optional<std::string> {
            const auto* value = job.metadata.if_contains(name);
            if (!value || !value->is_string()) return std::nullopt;
            return std::string{std::string_view{value->get_string()}};
        };
        if (job.filename.empty()) job.filename = text("filename").value_or("");
        if (!job.supplier_id) job.supplier_id = text("supplier_id");
    }
    if (body.kind && *body.kind != "external") {
        const auto& kinds = call.services.kinds;
        const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.name == *body.kind; });
        if (kind == kinds.end()) unknown_kind(call, *body.kind);
        job.kind = kind->name;
        job.type = kind->type;
        job.attempts_max = kind->attempts_max;
        job.input = body.input.value_or(json::object{});
        if (job.kind == "import") check_import_input(call, job);
    } else {
        job.kind = "external";
        job.type = type_of(body);
        job.attempts_max = 1;
        job.input = body.input.value_or(json::object{});
    }
    auto id = job.id;
    ledger::Commit commit;
    if (const auto key = idempotency_key(call.request)) {
        accounts::RememberRequest remember;
        remember.user = call.who.scope.user;
        remember.key = *key;
        remember.job = id;
        remember.request_hash = to_hex(sha256(call.body));
        remember.at = job.created_at;
        commit.guard(std::move(remember));
    }
    commit.add(jobs::Create{std::move(job)});
    if (const auto done = call.services.ledger.commit(std::move(commit)); !done) id = same_request(call, done.existing);

    const auto stored = call.services.jobs.get(id);
    if (!stored) throw Error{Code::internal};
    CreatedJob out;
    static_cast<jobs::JobView&>(out) = jobs::view(*stored);
    out.job_id = id;
    auto response = http::Response::json(201, to_json(out));
    response.headers.set("Location", "/api/v2/jobs/" + id.str());
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
    for (;;) {
        const auto job = find(call);
        if (job.state == State::cancelled || job.state == State::cancelling) return job_response(200, job);
        if (jobs::is_terminal(job.state)) throw Error{Code::job_finished, {{"state", std::string{word(job.state)}}}};
        const auto done = call.services.ledger.commit(
            std::move(ledger::Commit{}
                          .guard(jobs::InState{job.id, {job.state}})
                          .add(jobs::Cancel{job.id, call.services.clock.now()})));
        if (done) return changed(call, job.id);  // else it moved on meanwhile: look again
    }
}

http::Begun retry(Call& call) {
    const auto job = find(call);
    const Error refused{Code::not_retryable, {{"state", std::string{word(job.state)}}}};
    if (!jobs::can_retry(job.state)) throw refused;
    if (job.kind == "import" && !job.input.contains("dataset_id")) {
        throw Error{Code::conflict, {{"why", "the bytes of this upload never arrived; send the file again"}}};
    }
    const auto done = call.services.ledger.commit(std::move(ledger::Commit{}
                                                                .guard(jobs::InState{job.id, {job.state}})
                                                                .add(jobs::Retry{job.id, call.services.clock.now()})));
    if (!done) throw refused;
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
              {.id = "createJob", .summary = "Create a job: an external one by `type`, or a built-in one by `kind` and `input`", .tag = "jobs",
               .body = Body{.schema = json_schema<CreateJob>(), .example = example_external},
               .replies = {{201, "Created", json_schema<CreatedJob>()}, fields}},
              [](Call& call) { return with_json<CreateJob>(call, create); });
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
    table.add("POST", "/api/v2/jobs/{id}/retry", http::Lane::commits,
              {.id = "retryJob", .summary = "Run a failed or cancelled job again", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "The job, queued again", job_schema}, not_found, finished}},
              retry);
}

}  // namespace millrace::api::v2
