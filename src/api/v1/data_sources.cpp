#include <boost/json/string.hpp>

#include <charconv>

#include "api/download.hpp"
#include "api/files.hpp"
#include "api/job_actions.hpp"
#include "api/v1/routes.hpp"
#include "api/v2/job_request.hpp"
#include "api/v2/streams.hpp"
#include "http/address_policy.hpp"
#include "intake/ops.hpp"
#include "jobs/view.hpp"

/// Data sources: what they are given becomes a job each, of kind "document".
namespace millrace::api::v1 {
namespace {

using intake::DataSource;
using intake::ResourceType;
using intake::SourceType;
using intake::Submission;
using jobs::Job;
using jobs::State;

constexpr std::size_t name_bytes_max = 255;
constexpr std::size_t urls_max = 1000;
constexpr std::string_view document_kind = "document";

struct SourceView {
    Uuid id;
    std::string name;
    SourceType source_type = SourceType::file_upload;
    std::string description;
    json::object config;
    bool builtin = false;
    Instant created_at{};
    Instant updated_at{};
};
BOOST_DESCRIBE_STRUCT(SourceView, (), (id, name, source_type, description, config, builtin, created_at, updated_at))

struct SourceList {
    std::vector<SourceView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(SourceList, (), (items, next_cursor))

struct SourceRequest {
    std::string name;
    SourceType source_type = SourceType::file_upload;
    std::optional<json::object> config;
    std::optional<std::string> description;
    static std::array<std::string_view, 2> required() { return {"name", "source_type"}; }
};
BOOST_DESCRIBE_STRUCT(SourceRequest, (), (name, source_type, config, description))

struct SourceChange {
    std::optional<std::string> name;
    std::optional<json::object> config;
    std::optional<std::string> description;
};
BOOST_DESCRIBE_STRUCT(SourceChange, (), (name, config, description))

struct UrlRequest {
    std::string url;
    static std::array<std::string_view, 1> required() { return {"url"}; }
};
BOOST_DESCRIBE_STRUCT(UrlRequest, (), (url))

/// A processing job.
struct JobView {
    Uuid id;
    Uuid source_id;
    ResourceType resource_type = ResourceType::file;
    std::string status;
    std::string progress_message;
    int progress = 0;
    std::string filename;
    std::optional<std::string> url;
    std::optional<Uuid> result_file_id;
    std::optional<std::string> error_message;
    Instant created_at{};
    Instant updated_at{};
};
BOOST_DESCRIBE_STRUCT(JobView, (), (id, source_id, resource_type, status, progress_message, progress, filename, url, result_file_id, error_message, created_at, updated_at))

struct JobList {
    std::vector<JobView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(JobList, (), (items, next_cursor))

/// What the stream says of a job.
struct Update {
    Uuid id;
    std::string status;
    std::string progress_message;
    std::optional<Uuid> result_file_id;
};
BOOST_DESCRIBE_STRUCT(Update, (), (id, status, progress_message, result_file_id))

SourceView view(const DataSource& s) { return {s.id, s.name, s.type, s.description, s.config, s.builtin, s.created_at, s.updated_at}; }

/// What a person reads beside the status; a cancelled job is called failed, so this says what it is.
std::string message_of(State state, const std::string& message, const std::string& error) {
    if (state == State::cancelled) return "Cancelled";
    return state == State::failed ? error : message;
}

JobView view(const Submission& given, const Job& job) {
    JobView v;
    v.id = job.id;
    v.source_id = given.source;
    v.resource_type = given.type;
    v.status = jobs::status_data_source(job.state);
    v.progress_message = message_of(job.state, job.message, job.error_message);
    v.progress = job.progress;
    v.filename = job.filename;
    if (given.type == ResourceType::url) v.url = given.url;
    v.result_file_id = job.result_file_id;
    if (!job.error_code.empty()) v.error_message = job.error_message;
    v.created_at = job.created_at;
    v.updated_at = job.updated_at;
    return v;
}

DataSource find(Call& call) {
    auto source = call.services.files.source(call.id(), call.scope());
    if (!source) throw Error{Code::not_found};
    return std::move(*source);
}

// Sources

void check(const DataSource& source) {
    Error error{Code::invalid_fields};
    const auto blank = source.name.find_first_not_of(" \t") == std::string::npos;
    if (blank || source.name.size() > name_bytes_max) error.issues.push_back({"/name", "invalid_value", "expected 1 to 255 bytes, not only blanks"});
    if (const auto* urls = source.config.if_contains("urls")) {
        if (!urls->is_array() || urls->get_array().size() > urls_max) {
            error.issues.push_back({"/config/urls", "invalid_value", "expected an array of at most " + std::to_string(urls_max) + " URLs"});
        } else {
            for (std::size_t i = 0; i < urls->get_array().size(); ++i) {
                const auto& url = urls->get_array()[i];
                const auto read = url.is_string() ? http::read_endpoint(std::string_view{url.get_string()}) : std::unexpected{std::string{"is no text"}};
                if (!read) error.issues.push_back({"/config/urls/" + std::to_string(i), "invalid_value", read.error()});
            }
        }
    }
    if (!error.issues.empty()) throw error;
}

http::Begun list_sources(Call& call) {
    auto page = call.services.files.sources(call.scope(), list_request<intake::ListRequest>(call, intake::source_fields()));
    SourceList out;
    // The built-in one first, on the first page of everything.
    if (!call.request.query_value("cursor") && !call.request.query_value("filter")) {
        if (const auto files = call.services.files.source(intake::builtin_source({}).id, call.scope())) out.items.push_back(view(*files));
    }
    for (const auto& source : page.items) out.items.push_back(view(source));
    out.next_cursor = page.next_cursor;
    return http::Response::json(200, to_json(out));
}

http::Answer create_source(Call& call, SourceRequest body) {
    DataSource source;
    source.id = Uuid::generate();
    source.owner = call.who.scope.user;
    source.org = call.who.scope.org;
    source.name = std::move(body.name);
    source.type = body.source_type;
    source.description = body.description.value_or("");
    source.config = body.config.value_or(json::object{});
    source.created_at = source.updated_at = call.services.clock.now();
    check(source);
    call.services.ledger.commit(std::move(ledger::Commit{}.add(intake::PutSource{source})));
    auto response = http::Response::json(201, to_json(view(source)));
    response.headers.set("Location", "/api/v1/data-sources/" + source.id.str());
    return response;
}

void refuse_builtin(const DataSource& source) {
    if (source.builtin) throw Error{Code::conflict, {{"why", "the source \"Files\" is built in"}}};
}

http::Answer change_source(Call& call, SourceChange body) {
    auto source = find(call);
    refuse_builtin(source);
    if (body.name) source.name = std::move(*body.name);
    if (body.config) source.config = std::move(*body.config);
    if (body.description) source.description = std::move(*body.description);
    source.updated_at = call.services.clock.now();
    check(source);
    call.services.ledger.commit(std::move(ledger::Commit{}.add(intake::PutSource{source})));
    return http::Response::json(200, to_json(view(source)));
}

http::Begun remove_source(Call& call) {
    const auto source = find(call);
    refuse_builtin(source);
    call.services.ledger.commit(std::move(ledger::Commit{}.add(intake::RemoveSource{source.id})));
    return http::Response::empty(204);
}

// What they are given

/// Makes the job and says what it is for, in one commit.
http::Response submit(Services& services, const Scope& scope, const DataSource& source, Submission given, json::object input, std::string filename,
                      std::optional<Uuid> file) {
    Job job;
    job.id = Uuid::generate();
    job.kind = document_kind;
    job.owner = scope.user;
    job.org = scope.org;
    job.created_at = job.updated_at = job.run_at = services.clock.now();
    job.filename = std::move(filename);
    job.input = std::move(input);
    job.input_file_id = file;
    job.metadata = {{"source_id", source.id.str()}};
    if (!given.url.empty()) job.metadata.emplace("url", given.url);
    given.job = job.id;
    given.source = source.id;
    given.owner = job.owner;
    given.org = job.org;
    given.created_at = job.created_at;
    services.ledger.commit(std::move(ledger::Commit{}.add(jobs::Create{job}).add(intake::Submit{given})));
    const auto stored = services.jobs.get(job.id);
    auto response = http::Response::json(201, to_json(view(given, stored ? *stored : job)));
    response.headers.set("Location", "/api/v2/jobs/" + job.id.str());
    return response;
}

http::Answer submit_url(Call& call, UrlRequest body) {
    const auto source = find(call);
    if (const auto endpoint = http::read_endpoint(body.url); !endpoint) {
        Error error{Code::invalid_fields};
        error.issues.push_back({"/url", "invalid_value", endpoint.error()});
        throw error;
    }
    Submission given;
    given.type = ResourceType::url;
    given.url = body.url;
    return submit(call.services, call.who.scope, source, std::move(given), {{"url", body.url}}, body.url, {});
}

http::Begun submit_file(Call& call) {
    return store_form_file(call, [&services = call.services, scope = call.who.scope, source = find(call)](const intake::File& file) -> http::Answer {
        return submit(services, scope, source, {}, {{"file_id", file.id.str()}}, file.filename, file.id);
    });
}

// Jobs

std::optional<std::string> status_of(const http::Request& request) {
    const auto status = request.query_value("status");
    if (!status) return std::nullopt;
    for (const std::string_view known : {"queued", "processing", "completed", "failed"}) {
        if (*status == known) return std::string{known};
    }
    throw Error{Code::invalid_parameter, {{"name", "status"}, {"why", "expected queued, processing, completed or failed"}}};
}

std::optional<Uuid> cursor_of(const http::Request& request) {
    const auto cursor = request.query_value("cursor");
    if (!cursor) return std::nullopt;
    const auto id = Uuid::parse(*cursor);
    if (!id) throw Error{Code::invalid_parameter, {{"name", "cursor"}, {"why", "is not one of this list"}}};
    return id;
}

http::Begun list_jobs(Call& call) {
    const auto source = find(call);
    const auto scope = call.scope();
    const auto status = status_of(call.request);
    const int limit = limit_of(call.request);
    auto before = cursor_of(call.request);
    JobList out;
    for (;;) {
        const auto given = call.services.files.submissions(source.id, scope, before, 200);
        for (const auto& one : given) {
            before = one.job;
            const auto job = call.services.jobs.get(one.job, scope);
            if (!job || (status && jobs::status_data_source(job->state) != *status)) continue;
            out.items.push_back(view(one, *job));
            if (out.items.size() == static_cast<std::size_t>(limit)) {
                out.next_cursor = one.job.str();
                return http::Response::json(200, to_json(out));
            }
        }
        if (given.size() < 200) return http::Response::json(200, to_json(out));
    }
}

http::Begun restart(Call& call) {
    const auto scope = call.scope();
    const auto given = call.services.files.submission(call.id("job_id"), scope);
    const auto job = given ? call.services.jobs.get(given->job, scope) : std::nullopt;
    if (!job) throw Error{Code::not_found};
    retry_job(call.services, *job);
    const auto again = call.services.jobs.get(job->id);
    return http::Response::json(200, to_json(view(*given, again ? *again : *job)));
}

// The stream

std::string text_in(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string{std::string_view{value->get_string()}} : std::string{};
}

Update update_of(const Job& job) {
    return {job.id, std::string{jobs::status_data_source(job.state)}, message_of(job.state, job.message, job.error_message), job.result_file_id};
}

/// Of the job as events show it.
Update update_of(const json::object& job) {
    const auto state = from_word<State>(text_in(job, "state")).value_or(State::queued);
    Update update;
    update.id = Uuid::parse(text_in(job, "id")).value_or(Uuid{});
    update.status = jobs::status_data_source(state);
    update.progress_message = message_of(state, text_in(job, "message"), text_in(job, "error_message"));
    if (const auto* metadata = job.if_contains("job_metadata"); metadata && metadata->is_object()) {
        update.result_file_id = Uuid::parse(text_in(metadata->get_object(), "result_file_id"));
    }
    return update;
}

void show(std::string& out, const events::Event& event) {
    if (!event.durable()) return;  // percent ticks are not what this stream is for
    const auto text = event.json();
    if (jobs::kind_in(text) != document_kind) return;
    v2::append_event(out, v2::shown_id(event), "job_update", to_json(update_of(json::parse(text).as_object())));
}

http::Begun stream(Call& call) {
    const auto scope = call.scope();
    return v2::open_stream(call, {.scope = scope, .topics = {"job"}}, show, [&] {
        const auto now = call.services.clock.now();
        const auto& settings = call.services.jobs_settings;
        v2::Snapshot snapshot{R"({"jobs":[)", {}};
        for (const auto& job : call.services.jobs.active(scope, {.completed_after = now - settings.active_completed, .failed_after = now - settings.active_failed})) {
            if (job.kind != document_kind) continue;
            if (!snapshot.shown.empty()) snapshot.data += ',';
            append_json(snapshot.data, update_of(job));
            snapshot.shown.emplace_back(job.id, job.updated_at);
        }
        snapshot.data += "]}";
        return snapshot;
    });
}

}  // namespace

void add_data_sources(Table& table) {
    const std::string base = "/api/v1/data-sources";
    const std::string tag = "data sources";
    const auto source_schema = json_schema<SourceView>();
    const auto job_schema = json_schema<JobView>();
    const Reply no_source = reply_error(404, "No such source of yours");
    const Reply fields = reply_error(422, "Fields that are not valid, each with its pointer");
    const Reply builtin = reply_error(409, "The built-in source stays as it is");
    table.add("GET", base, http::Lane::reads,
              {.id = "listDataSources", .summary = "Data sources, the built-in one first", .tag = tag,
               .parameters = {query_filter(), query_sort(), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<SourceList>()}, reply_error(400, "A parameter is not valid")}},
              list_sources);
    table.add("POST", base, http::Lane::commits,
              {.id = "createDataSource", .summary = "Make a source of files or of pages", .tag = tag,
               .body = Body{.schema = json_schema<SourceRequest>(), .example = json::object{{"name", "News"}, {"source_type", "website"}, {"config", {{"urls", json::array{"https://example.com/"}}}}}},
               .replies = {{201, "The source", source_schema}, fields}},
              [](Call& call) { return with_json<SourceRequest>(call, create_source, 1 << 20, Unknown::ignored); });
    table.add("GET", base + "/stream", http::Lane::reads,
              {.id = "streamDataSources", .summary = "Each change of what the sources were given, as it happens", .tag = tag,
               .parameters = {{.name = "last_event_id", .in = "query", .description = "Go on after this event, as the header Last-Event-ID"},
                              {.name = "ticket", .in = "query", .description = "A ticket of POST /api/v2/stream-tickets in place of a header"}, query_scope()},
               .replies = {{.status = 200, .description = "Server-sent events: one `snapshot`, then `job_update`", .schema = nullptr, .media_type = "text/event-stream"}}},
              stream);
    table.add("GET", base + "/{id}", http::Lane::reads,
              {.id = "getDataSource", .summary = "One source", .tag = tag, .parameters = {path_id("source"), query_scope()}, .replies = {{200, "The source", source_schema}, no_source}},
              [](Call& call) -> http::Begun { return http::Response::json(200, to_json(view(find(call)))); });
    for (const auto* method : {"PUT", "PATCH"}) {
        table.add(method, base + "/{id}", http::Lane::commits,
                  {.id = method[1] == 'U' ? "putDataSource" : "changeDataSource", .summary = "Change a source: what is given replaces what was there", .tag = tag,
                   .parameters = {path_id("source"), query_scope()}, .body = Body{.schema = json_schema<SourceChange>()},
                   .replies = {{200, "The source", source_schema}, no_source, builtin, fields}},
                  [](Call& call) {
                      find(call);
                      return with_json<SourceChange>(call, change_source, 1 << 20, Unknown::ignored);
                  });
    }
    table.add("DELETE", base + "/{id}", http::Lane::commits,
              {.id = "removeDataSource", .summary = "Remove a source; its jobs stay", .tag = tag, .parameters = {path_id("source"), query_scope()},
               .replies = {{204, "It is gone", nullptr}, no_source, builtin}},
              remove_source);
    table.add("POST", base + "/{id}/files", http::Lane::files,
              {.id = "submitFile", .summary = "Give the source a file: it is stored, and a job reads it", .tag = tag, .parameters = {path_id("source"), query_scope()},
               .body = Body{.media_type = "multipart/form-data",
                            .schema = json::object{{"type", "object"}, {"required", json::array{"file"}},
                                                   {"properties", {{"file", {{"type", "string"}, {"contentMediaType", "application/octet-stream"}}}}}}},
               .replies = {{201, "The job", job_schema}, no_source, reply_error(400, "The form is broken"), reply_error(413, "Larger than the limit")}},
              submit_file);
    table.add("POST", base + "/{id}/urls", http::Lane::commits,
              {.id = "submitUrl", .summary = "Give the source a page: a job fetches and reads it", .tag = tag, .parameters = {path_id("source"), query_scope()},
               .body = Body{.schema = json_schema<UrlRequest>()}, .replies = {{201, "The job", job_schema}, no_source, fields}},
              [](Call& call) {
                  find(call);
                  return with_json<UrlRequest>(call, submit_url, 1 << 20, Unknown::ignored);
              });
    table.add("GET", base + "/{id}/jobs", http::Lane::reads,
              {.id = "listDataSourceJobs", .summary = "What the source was given, newest first", .tag = tag,
               .parameters = {path_id("source"), {.name = "status", .in = "query", .description = "queued, processing, completed or failed"}, query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<JobList>()}, no_source, reply_error(400, "A parameter is not valid")}},
              list_jobs);
    table.add("POST", base + "/jobs/{job_id}/restart", http::Lane::commits,
              {.id = "restartDataSourceJob", .summary = "Run a failed job again", .tag = tag,
               .parameters = {{.name = "job_id", .in = "path", .description = "Id of the job", .schema = json::object{{"type", "string"}, {"format", "uuid"}}, .required = true}, query_scope()},
               .replies = {{200, "The job, queued again", job_schema}, reply_error(404, "No such job of yours"), reply_error(409, "The job has not failed")}},
              restart);
}

}  // namespace millrace::api::v1
