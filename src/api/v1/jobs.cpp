#include <boost/json/string.hpp>

#include "api/download.hpp"
#include "api/job_actions.hpp"
#include "api/v1/routes.hpp"
#include "api/v2/job_request.hpp"
#include "jobs/view.hpp"

/// Jobs of the first API: analyses, mappings, transformations, conversions and batches of them over stored files. The engine's jobs under other
/// names; nothing of their own is stored.
namespace millrace::api::v1 {
namespace {

using jobs::Job;
using jobs::State;

constexpr std::size_t batch_files_max = 10'000;
constexpr std::size_t batch_body_max = 1 << 20;  ///< of bytes: as many ids, with room for options
constexpr std::size_t parallel_max = 100;

struct AnalyzeRequest {
    Uuid file_id;
    std::optional<json::object> dialect;
    std::optional<std::uint32_t> table;
    static std::array<std::string_view, 1> required() { return {"file_id"}; }
};
BOOST_DESCRIBE_STRUCT(AnalyzeRequest, (), (file_id, dialect, table))

struct MappingRequest {
    Uuid input_file_id;
    Uuid reference_file_id;
    std::string provider = "heuristic";
    static std::array<std::string_view, 2> required() { return {"input_file_id", "reference_file_id"}; }
};
BOOST_DESCRIBE_STRUCT(MappingRequest, (), (input_file_id, reference_file_id, provider))

struct TransformRequest {
    Uuid input_file_id;
    std::optional<Uuid> template_id;
    std::optional<Uuid> mapping_id;  ///< the same under another name
    std::string output_format = "csv";
    static std::array<std::string_view, 1> required() { return {"input_file_id"}; }
};
BOOST_DESCRIBE_STRUCT(TransformRequest, (), (input_file_id, template_id, mapping_id, output_format))

BOOST_DEFINE_ENUM_CLASS(Operation, analyze, map, transform, convert)

struct BatchRequest {
    std::vector<Uuid> file_ids;
    Operation operation = Operation::analyze;
    std::optional<json::object> options;  ///< of the operation, the same for every file
    std::size_t parallel = 4;             ///< files at once
    static std::array<std::string_view, 2> required() { return {"file_ids", "operation"}; }
};
BOOST_DESCRIBE_STRUCT(BatchRequest, (), (file_ids, operation, options, parallel))

struct Accepted {
    Uuid job_id;
    std::string status = "pending";
    std::string message;
};
BOOST_DESCRIBE_STRUCT(Accepted, (), (job_id, status, message))

struct Message {
    std::string message;
};
BOOST_DESCRIBE_STRUCT(Message, (), (message))

struct StatusView {
    Uuid id;
    Uuid user_id;
    std::string job_type;
    std::string status;
    int progress = 0;
    bool is_active = false;  ///< it has not ended
    std::string stage;
    std::string message;
    std::optional<Uuid> input_file_id;
    std::optional<Uuid> reference_file_id;
    std::optional<Uuid> template_id;
    std::optional<Uuid> result_file_id;
    std::optional<std::string> error_message;
    std::optional<std::string> error_code;
    Instant created_at{};
    std::optional<Instant> started_at;
    std::optional<Instant> completed_at;
    Instant updated_at{};
};
BOOST_DESCRIBE_STRUCT(StatusView, (), (id, user_id, job_type, status, progress, is_active, stage, message, input_file_id, reference_file_id, template_id,
                                       result_file_id, error_message, error_code, created_at, started_at, completed_at, updated_at))

struct DetailView : StatusView {
    json::value result;
};
BOOST_DESCRIBE_STRUCT(DetailView, (StatusView), (result))

struct JobList {
    std::vector<StatusView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(JobList, (), (items, next_cursor))

/// What became of one file of a batch.
struct FileResult {
    Uuid file_id;
    std::string filename;
    std::string status;
    Uuid job_id;
    std::optional<Uuid> result_file_id;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(FileResult, (), (file_id, filename, status, job_id, result_file_id, error))

struct BatchResult {
    int total = 0, completed = 0, failed = 0, cancelled = 0;
    std::vector<FileResult> files;  ///< in the order of the request
};
BOOST_DESCRIBE_STRUCT(BatchResult, (), (total, completed, failed, cancelled, files))

template <class View>
View status_of(const Job& job) {
    View view;
    view.id = job.id;
    view.user_id = job.owner;
    view.job_type = job.kind;
    view.status = jobs::status_v1(job.state);
    view.progress = job.progress;
    view.is_active = !jobs::is_terminal(job.state);
    view.stage = job.stage;
    view.message = job.message;
    view.input_file_id = job.input_file_id;
    view.reference_file_id = job.reference_file_id;
    // That of a mapping is there once the job has made it.
    if (job.kind != "mapping" || job.state == State::completed) view.template_id = job.template_id;
    view.result_file_id = job.result_file_id;
    if (!job.error_code.empty()) {
        view.error_code = job.error_code;
        view.error_message = job.error_message;
    }
    view.created_at = job.created_at;
    view.started_at = job.started_at;
    view.completed_at = job.completed_at;
    view.updated_at = job.updated_at;
    return view;
}

Job find(Call& call) {
    auto job = call.services.jobs.get(call.id(), call.scope());
    if (!job) throw Error{Code::not_found};
    return std::move(*job);
}

/// Every child of the job, a page at a time, in the order in which they were made.
template <class F>
void each_child(Call& call, const Job& parent, F visit) {
    jobs::ListRequest request;
    request.filter = query::parse_filter("parent_id:" + parent.id.str(), jobs::list_fields());
    request.sort = query::parse_sort("created_at", jobs::list_fields());
    request.limit = 500;
    do {
        const auto page = call.services.jobs.list(call.scope(), request);
        for (const auto& job : page.items) visit(job);
        request.cursor = page.next_cursor;
    } while (request.cursor);
}

/// What a batch has come to so far: its jobs know, so it is never wrong.
json::value batch_result(Call& call, const Job& batch) {
    BatchResult result;
    result.total = batch.children ? batch.children->total : 0;
    each_child(call, batch, [&](const Job& job) {
        FileResult one{job.input_file_id.value_or(Uuid{}), job.filename, std::string{jobs::status_v1(job.state)}, job.id, job.result_file_id, {}};
        if (!job.error_message.empty()) one.error = job.error_message;
        result.completed += job.state == State::completed;
        result.failed += job.state == State::failed;
        result.cancelled += job.state == State::cancelled;
        result.files.push_back(std::move(one));
    });
    return json::parse(to_json(result));
}

/// The caller's stored file. Unknown and foreign ones are the same.
intake::File file_of(Call& call, const Uuid& id, const std::string& pointer) {
    auto file = call.services.files.get(id, call.scope());
    if (file && file->state == intake::FileState::stored) return std::move(*file);
    Error error{Code::not_found};
    error.issues.push_back({pointer, "unknown_value", "is not a stored file of yours"});
    throw error;
}

http::Answer accepted(const v2::Stored& stored, std::string_view what) {
    auto response = http::Response::json(202, to_json(Accepted{stored.job, "pending", std::string{what} + " job created and queued"}));
    response.headers.set("Location", "/api/v1/jobs/" + stored.job.str() + "/status");
    response.headers.set("Retry-After", "1");
    return response;
}

http::Answer analyze(Call& call, AnalyzeRequest body) {
    file_of(call, body.file_id, "/file_id");
    v2::JobRequest request;
    request.kind = "analyze";
    request.input = json::object{{"file_id", body.file_id.str()}};
    if (body.dialect) request.input->emplace("dialect", *body.dialect);
    if (body.table) request.input->emplace("table", *body.table);
    return accepted(v2::store_job(call, v2::job_of(call, request), request, true), "Analysis");
}

/// The caller's template.
void check_template(Call& call, const Uuid& id, const std::string& pointer) {
    if (call.services.mappings.get(id, call.scope())) return;
    Error error{Code::not_found};
    error.issues.push_back({pointer, "unknown_value", "is not a template of yours"});
    throw error;
}

http::Answer mapping(Call& call, MappingRequest body) {
    file_of(call, body.input_file_id, "/input_file_id");
    file_of(call, body.reference_file_id, "/reference_file_id");
    v2::JobRequest request;
    request.kind = "mapping";
    request.input = json::object{{"input_file_id", body.input_file_id.str()}, {"reference_file_id", body.reference_file_id.str()}, {"provider", body.provider}};
    return accepted(v2::store_job(call, v2::job_of(call, request), request, true), "Mapping");
}

http::Answer transform(Call& call, TransformRequest body) {
    file_of(call, body.input_file_id, "/input_file_id");
    const auto id = body.template_id ? body.template_id : body.mapping_id;
    if (!id) {
        Error error{Code::invalid_fields};
        error.issues.push_back({"/template_id", "required", "a template_id or a mapping_id is needed"});
        throw error;
    }
    check_template(call, *id, body.template_id ? "/template_id" : "/mapping_id");
    v2::JobRequest request;
    request.kind = "transform";
    request.input = json::object{{"input_file_id", body.input_file_id.str()}, {"template_id", id->str()}, {"output", {{"format", body.output_format}}}};
    return accepted(v2::store_job(call, v2::job_of(call, request), request, true), "Transformation");
}

/// "output_format" is what v1 calls the format of an output.
void name_format(json::object& output, json::object& options) {
    const auto* format = options.if_contains("output_format");
    if (format) output.insert_or_assign("format", *format);
    else if (!output.contains("format")) output.emplace("format", "csv");
    options.erase("output_format");
}

/// The job of one file of a batch.
Job member(Call& call, const BatchRequest& body, const intake::File& file) {
    v2::JobRequest request;
    auto& input = request.input.emplace(body.options.value_or(json::object{}));
    const char* file_field = "file_id";
    switch (body.operation) {
        case Operation::analyze:
            request.kind = "analyze";
            break;
        case Operation::convert:
            request.kind = "convert";
            name_format(input, input);
            break;
        case Operation::map:
            request.kind = "mapping";
            file_field = "input_file_id";
            break;
        case Operation::transform:
            request.kind = "transform";
            file_field = "input_file_id";
            if (const auto* id = input.if_contains("mapping_id")) input.insert_or_assign("template_id", *id);
            input.erase("mapping_id");
            json::object output;
            name_format(output, input);
            input.insert_or_assign("output", std::move(output));
            break;
    }
    input.insert_or_assign(file_field, file.id.str());
    return v2::job_of(call, request, "/options");
}

void check(const BatchRequest& body) {
    Error error{Code::invalid_fields};
    if (body.file_ids.empty() || body.file_ids.size() > batch_files_max) {
        error.issues.push_back({"/file_ids", "out_of_range", "expected 1 to " + std::to_string(batch_files_max) + " ids"});
    }
    if (body.parallel < 1 || body.parallel > parallel_max) error.issues.push_back({"/parallel", "out_of_range", "expected 1 to " + std::to_string(parallel_max)});
    if (!error.issues.empty()) throw error;
}

http::Answer batch(Call& call, BatchRequest body) {
    check(body);
    std::vector<Job> members;
    for (std::size_t i = 0; i < body.file_ids.size(); ++i) {
        members.push_back(member(call, body, file_of(call, body.file_ids[i], "/file_ids/" + std::to_string(i))));
    }
    auto job = v2::parent_job(call, "batch");
    job.input = {{"operation", word(body.operation)}, {"files", body.file_ids.size()}};
    if (body.options) job.input.emplace("options", *body.options);
    const auto stored = v2::store_job(call, job, {}, true, [&](ledger::Commit& commit) {
        for (std::size_t i = 0; i < members.size(); ++i) {
            members[i].parent = job.id;
            // As many lanes as may run at once; in each, a file waits for the one before it.
            std::vector<jobs::Need> needs;
            if (i >= body.parallel) needs.push_back({members[i - body.parallel].id, jobs::NeedOutcome::end});
            commit.add(jobs::Create{members[i], std::move(needs)});
        }
    });
    return accepted(stored, "Batch");
}

http::Begun list(Call& call) {
    auto wanted = list_request<jobs::ListRequest>(call, jobs::list_fields());
    if (const auto status = call.request.query_value("status")) {
        std::string states;
        for (int i = 0; i <= static_cast<int>(State::cancelled); ++i) {
            const auto state = static_cast<State>(i);
            if (jobs::status_v1(state) == *status) states += (states.empty() ? "state:" : ",") + std::string{word(state)};
        }
        if (states.empty()) throw Error{Code::invalid_parameter, {{"name", "status"}, {"why", "expected pending, processing, completed, failed or cancelled"}}};
        const auto filter = call.request.query_value("filter").value_or("");
        wanted.filter = query::parse_filter(std::string{filter} + " " + states, jobs::list_fields());
    }
    const auto page = call.services.jobs.list(call.scope(), wanted);
    JobList out;
    for (const auto& job : page.items) out.items.push_back(status_of<StatusView>(job));
    out.next_cursor = page.next_cursor;
    return http::Response::json(200, to_json(out));
}

http::Begun get(Call& call) {
    const auto job = find(call);
    auto view = status_of<DetailView>(job);
    view.result = job.batch() ? batch_result(call, job) : job.result;
    return http::Response::json(200, to_json(view));
}

http::Begun status(Call& call) { return http::Response::json(200, to_json(status_of<StatusView>(find(call)))); }

http::Begun cancel(Call& call) {
    cancel_job(call);
    return http::Response::json(200, to_json(Message{"Job cancelled successfully"}));
}

}  // namespace

void add_jobs(Table& table) {
    const auto status_schema = json_schema<StatusView>();
    const Reply created{202, "Created and queued", json_schema<Accepted>()};
    const Reply no_job = reply_error(404, "No such job of yours");
    const Reply no_file = reply_error(404, "No such file of yours");
    const Reply fields = reply_error(422, "Fields that are not valid, each with its pointer");
    table.add("POST", "/api/v1/jobs/analyze", http::Lane::commits,
              {.id = "createAnalysisJob", .summary = "Say what a stored file is: structure, dialect, schema, profile, quality, keys", .tag = "jobs",
               .body = Body{.schema = json_schema<AnalyzeRequest>()}, .replies = {created, no_file, fields}},
              [](Call& call) { return with_json<AnalyzeRequest>(call, analyze, 1 << 20, Unknown::ignored); });
    table.add("POST", "/api/v1/jobs/mapping", http::Lane::commits,
              {.id = "createMappingJob", .summary = "Propose how one stored file becomes another; the proposal is kept as a template", .tag = "jobs",
               .body = Body{.schema = json_schema<MappingRequest>()}, .replies = {created, no_file, fields}},
              [](Call& call) { return with_json<MappingRequest>(call, mapping, 1 << 20, Unknown::ignored); });
    table.add("POST", "/api/v1/jobs/transform", http::Lane::commits,
              {.id = "createTransformationJob", .summary = "Apply a template to a stored file", .tag = "jobs",
               .body = Body{.schema = json_schema<TransformRequest>()}, .replies = {created, reply_error(404, "No such file or template of yours"), fields}},
              [](Call& call) { return with_json<TransformRequest>(call, transform, 1 << 20, Unknown::ignored); });
    table.add("POST", "/api/v1/jobs/batch", http::Lane::commits,
              {.id = "createBatchJob", .summary = "One operation on many stored files; a file that fails stops no other", .tag = "jobs",
               .body = Body{.schema = json_schema<BatchRequest>()}, .replies = {created, no_file, fields}},
              [](Call& call) { return with_json<BatchRequest>(call, batch, batch_body_max, Unknown::ignored); });
    table.add("GET", "/api/v1/jobs", http::Lane::reads,
              {.id = "listJobsV1", .summary = "All jobs, newest first", .tag = "jobs",
               .parameters = {{.name = "status", .in = "query", .description = "pending, processing, completed, failed or cancelled"}, query_filter(), query_sort(),
                              query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<JobList>()}, reply_error(400, "A parameter is not valid")}},
              list);
    table.add("GET", "/api/v1/jobs/{id}", http::Lane::reads,
              {.id = "getJobV1", .summary = "A job with its result", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "The job", json_schema<DetailView>()}, no_job}},
              get);
    table.add("GET", "/api/v1/jobs/{id}/status", http::Lane::reads,
              {.id = "getJobStatus", .summary = "How far a job is", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "The status", status_schema}, no_job}},
              status);
    table.add("POST", "/api/v1/jobs/{id}/cancel", http::Lane::commits,
              {.id = "cancelJobV1", .summary = "End a job that has not ended", .tag = "jobs", .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "It is cancelled, or about to be", json_schema<Message>()}, no_job, reply_error(409, "The job has ended")}},
              cancel);
}

}  // namespace millrace::api::v1
