#include <boost/json/string.hpp>

#include "accounts/ops.hpp"
#include "api/v2/dataset_view.hpp"
#include "api/v2/import_options.hpp"
#include "api/v2/job_request.hpp"
#include "api/v2/routes.hpp"
#include "api/waiting.hpp"
#include "http/multipart.hpp"
#include "jobs/view.hpp"

namespace millrace::api::v2 {
namespace {

using jobs::Job;
using jobs::State;

constexpr std::size_t field_bytes_max = 4096;

struct PendingUpload {
    Uuid job_id;
    std::string status = "running";
    jobs::JobView job;
};
BOOST_DESCRIBE_STRUCT(PendingUpload, (), (job_id, status, job))

/// What the head of an upload says; kept while the body comes.
struct Upload {
    Services& services;
    const http::Request& request;
    accounts::Identity who;
    std::string on_duplicate;
    std::optional<std::string> idempotency_key;
    Duration wait{};
    json::object options{};  ///< see import_options.hpp
};

Upload read_head(Call& call) {
    Upload upload{call.services, call.request, call.who, "error", {}, wait_of(call.request, call.services.settings.upload_wait)};
    const auto limit = call.services.intake.settings().max_bytes;
    if (call.request.content_length.value_or(0) > limit) {
        throw Error{Code::payload_too_large, {{"limit", std::to_string(limit)}}};
    }
    if (const auto asked = call.request.query_value("on_duplicate")) {
        if (*asked != "error" && *asked != "reuse" && *asked != "version") {
            throw Error{Code::invalid_parameter, {{"name", "on_duplicate"}, {"why", "expected error, reuse or version"}}};
        }
        upload.on_duplicate = *asked;
    }
    for (const auto name : import_options()) {
        if (const auto text = call.request.query_value(name)) set_import_option(upload.options, name, *text);
    }
    upload.idempotency_key = idempotency_key(call.request);
    return upload;
}

/// How an import that has ended is answered.
http::Answer answer_ended(const Upload& upload, const Job& job) {
    if (job.state == State::completed) {
        const auto dataset = job.related_dataset_id
                                 ? upload.services.datasets.get(*job.related_dataset_id, upload.who.scope)
                                 : std::nullopt;
        if (!dataset) throw Error{Code::internal};
        auto view = dataset_view(*dataset);
        view.job_id = job.id;  // with on_duplicate=reuse another one than the dataset came from
        auto response = http::Response::json(201, to_json(view));
        response.headers.set("Location", "/api/v2/datasets/" + dataset->id.str());
        return response;
    }
    if (const auto* existing = job.metadata.if_contains("existing_dataset_id"); existing && existing->is_string()) {
        return problem_of_job(Error{Code::duplicate, {{"existing_dataset_id", std::string{existing->as_string()}}}}, job.id,
                              upload.request);
    }
    return problem_of_job(Error::with_text(code_from(job.error_code), job.error_message), job.id, upload.request);
}

http::Answer answer_pending(const Job& job) {
    auto response = http::Response::json(202, to_json(PendingUpload{job.id, "running", jobs::view(job)}));
    response.headers.set("Location", "/api/v2/jobs/" + job.id.str());
    response.headers.set("Retry-After", "1");
    return response;
}

/// `fresh`: the bytes were accepted by this very request.
http::Answer answer(Upload upload, const Uuid& job, bool fresh) {
    auto& services = upload.services;
    const auto wait = upload.wait;
    if (wait == Duration{0}) {
        const auto accepted = services.jobs.get(job);
        if (!accepted) throw Error{Code::not_found};
        if (fresh || !jobs::is_terminal(accepted->state)) return answer_pending(*accepted);
    }
    const auto scope = upload.who.scope;
    return wait_for_job_answer(services, scope, job, wait, [upload = std::move(upload)](const Job& seen) {
        return jobs::is_terminal(seen.state) ? answer_ended(upload, seen) : answer_pending(seen);
    });
}

/// Where the bytes of the file go: into a new import, or past the hash that tells whether a repeated request is the same.
class Target {
public:
    Target(Upload upload, std::string filename, std::string media_type) : upload_{std::move(upload)} {
        std::optional<Uuid> join;
        if (upload_.idempotency_key) {
            if (const auto first = first_job()) {
                if (has_arrived(*first)) {
                    replay_ = first->id;
                    return;
                }
                join = first->id;
            }
        }
        intake::Incoming incoming;
        incoming.scope = upload_.who.scope;
        incoming.filename = std::move(filename);
        incoming.media_type = std::move(media_type);
        incoming.job_input = {{"on_duplicate", upload_.on_duplicate}};
        incoming.join = join;
        auto begun = begin(std::move(incoming));
        receiving_ = std::move(begun.receiving);
        if (!receiving_) replay_ = begun.existing;
    }

    void write(std::string_view bytes) {
        if (receiving_) receiving_->write(bytes);
        if (upload_.idempotency_key) hash_.update(bytes);
    }

    http::Answer finish(std::optional<std::string> supplier_id, json::object options) {
        if (replay_) return finish_replay();
        check_import_options(upload_.services, upload_.who.scope, options, "");
        const Uuid job = *receiving_->job();
        const bool fresh = receiving_->finish(std::move(supplier_id), std::move(options)).has_value();
        if (upload_.idempotency_key) check_same_bytes(job);
        return answer(std::move(upload_), job, fresh);
    }

    void abort(const Error& reason) noexcept {
        if (receiving_) receiving_->abort(reason);
    }
    std::optional<Uuid> job() const { return receiving_ ? receiving_->job() : replay_; }

private:
    std::optional<Job> first_job() {
        const auto id = upload_.services.accounts.remembered(upload_.who.scope.user, *upload_.idempotency_key,
                                                             upload_.services.clock.now());
        return id ? upload_.services.jobs.get(*id) : std::nullopt;
    }

    /// Until the bytes of the first request are accepted (its server may have died), a repeat may bring them.
    static bool has_arrived(const Job& job) {
        return job.input.contains("dataset_id") || (job.state != State::blocked && job.state != State::failed);
    }

    intake::Intake::Begun begin(intake::Incoming incoming) {
        if (upload_.idempotency_key && !incoming.join) {
            incoming.job = Uuid::generate();
            accounts::RememberRequest remember;
            remember.user = upload_.who.scope.user;
            remember.key = *upload_.idempotency_key;
            remember.job = *incoming.job;
            remember.at = upload_.services.clock.now();
            incoming.with.guard(std::move(remember));
        }
        return upload_.services.intake.begin(std::move(incoming));
    }

    http::Answer finish_replay() {
        check_same_bytes(*replay_);
        return answer(std::move(upload_), *replay_, false);
    }

    /// The job may run with the bytes of another request with this key: those that arrived first.
    void check_same_bytes(const Uuid& id) {
        const auto job = upload_.services.jobs.get(id);
        if (!job) throw Error{Code::not_found};
        const auto* field = job->input.if_contains("file_id");
        const auto file_id = field && field->is_string() ? Uuid::parse(field->get_string()) : std::nullopt;
        const auto file = file_id ? upload_.services.files.get(*file_id, upload_.who.scope) : std::nullopt;
        if (file && file->sha256 != to_hex(hash_.finish())) throw Error{Code::idempotency_mismatch};
    }

    Upload upload_;
    std::unique_ptr<intake::Receiving> receiving_;
    std::optional<Uuid> replay_;  ///< the job of the first request with this key
    Sha256 hash_;
};

/// Adds the job to an error that ends an upload half-way.
template <class Body>
auto with_job(const std::optional<Target>& target, Body body) -> decltype(body()) {
    try {
        return body();
    } catch (const Error& error) {
        const auto job = target ? target->job() : std::nullopt;
        if (!job || error.arg("job_id")) throw;
        Error named = error.with_arg("job_id", job->str());
        throw named;
    }
}

class RawSink final : public http::BodySink {
public:
    RawSink(Upload upload, std::string filename)
        : options_{upload.options}, target_{std::in_place, upload, std::move(filename), upload.request.content_type()} {}

    void write(std::span<const char> block) override {
        with_job(target_, [&] { target_->write({block.data(), block.size()}); });
    }
    http::Answer finish() override {
        return with_job(target_, [&] { return target_->finish(std::nullopt, std::move(options_)); });
    }
    void abort(const Error& reason) noexcept override { target_->abort(reason); }

private:
    json::object options_;
    std::optional<Target> target_;
};

class FormSink final : public http::BodySink {
public:
    FormSink(Upload upload, std::string boundary)
        : upload_{std::move(upload)},
          form_{boundary,
                {.part_begin = [this](const http::Part& part) { begin(part); },
                 .data = [this](std::string_view bytes) { data(bytes); },
                 .part_end = [this] { end(); }}} {}

    void write(std::span<const char> block) override {
        with_job(target_, [&] { form_.feed({block.data(), block.size()}); });
    }

    http::Answer finish() override {
        return with_job(target_, [&] {
            form_.finish();
            if (!target_) throw Error{Code::missing_file, {{"field", "file"}}};
            return target_->finish(supplier_id_.empty() ? std::nullopt : std::optional{supplier_id_}, std::move(upload_.options));
        });
    }

    void abort(const Error& reason) noexcept override {
        if (target_) target_->abort(reason);
    }

private:
    void begin(const http::Part& part) {
        if (part.name == "file" && part.filename) {
            if (target_) throw Error{Code::malformed_multipart, {{"why", "two parts are named \"file\""}}};
            target_.emplace(upload_, *part.filename, std::string{part.headers.get("content-type")});
            in_file_ = true;
        } else if (part.name == "supplier_id") {
            field_ = &supplier_id_;
        } else if (is_import_option(part.name)) {
            option_ = part.name;
            option_text_.clear();
            field_ = &option_text_;
        }
    }

    void end() {
        if (field_ == &option_text_) set_import_option(upload_.options, option_, option_text_);
        in_file_ = false;
        field_ = nullptr;
    }

    void data(std::string_view bytes) {
        if (in_file_) target_->write(bytes);
        if (!field_) return;
        if (field_->size() + bytes.size() > field_bytes_max) {
            throw Error{Code::malformed_multipart, {{"why", "a field is longer than 4096 bytes"}}};
        }
        field_->append(bytes);
    }

    Upload upload_;
    std::string supplier_id_;
    std::string option_, option_text_;
    std::string* field_ = nullptr;
    bool in_file_ = false;
    std::optional<Target> target_;
    http::Multipart form_;
};

http::Begun upload_form(Call& call) {
    auto upload = read_head(call);
    const auto boundary = http::Multipart::boundary_of(call.request.headers.get("content-type"));
    return std::make_unique<FormSink>(std::move(upload), boundary);
}

http::Begun upload_raw(Call& call) {
    auto upload = read_head(call);
    return std::make_unique<RawSink>(std::move(upload), std::string{call.request.param("filename")});
}

/// A file to be fetched.
struct UrlImport {
    std::string url;
    std::optional<std::string> filename;
    std::optional<std::string> supplier_id;
    static std::array<std::string_view, 1> required() { return {"url"}; }
};
BOOST_DESCRIBE_STRUCT(UrlImport, (), (url, filename, supplier_id))

http::Answer import_url(Call& call, const UrlImport& body) {
    auto upload = read_head(call);
    Error wrong{Code::invalid_fields};
    check_import_url(call, body.url, "/url", wrong.issues);
    if (!wrong.issues.empty()) throw wrong;
    JobRequest request;
    request.kind = "import";
    request.filename = body.filename;
    request.supplier_id = body.supplier_id;
    request.input = upload.options;
    request.input->insert_or_assign("url", body.url);
    request.input->insert_or_assign("on_duplicate", upload.on_duplicate);
    const auto stored = store_job(call, job_of(call, request), request, true);
    return answer(std::move(upload), stored.job, stored.made);
}

}  // namespace

void add_uploads(Table& table) {
    const std::vector<Parameter> parameters{
        {.name = "on_duplicate", .in = "query", .description = "What to do when these bytes are a dataset of yours already",
         .schema = json::object{{"type", "string"}, {"enum", json::array{"error", "reuse", "version"}}, {"default", "error"}}},
        {.name = "dialect", .in = "query", .description = "How to read the file where that is to differ from what is found out: an object as JSON text, e.g. {\"delimiter\": \";\"}"},
        {.name = "table", .in = "query", .description = "Import this table only, counted from 1", .schema = json::object{{"type", "integer"}, {"minimum", 1}}},
        {.name = "tables", .in = "query", .description = "all: each table of the file becomes a dataset; main: only the first",
         .schema = json::object{{"type", "string"}, {"enum", json::array{"all", "main"}}, {"default", "all"}}},
        {.name = "version_of", .in = "query", .description = "A dataset that these bytes are the next version of"},
        {.name = "mode", .in = "query", .description = "With version_of: the rows of the file instead of those before, behind them, or instead of those with the same key",
         .schema = json::object{{"type", "string"}, {"enum", json::array{"replace", "append", "upsert"}}, {"default", "replace"}}},
        {.name = "key", .in = "query", .description = "With mode=upsert: names of columns, with commas between them"},
        {.name = "contract", .in = "query", .description = "With version_of: what may happen to the columns; without it that of the version before",
         .schema = json::object{{"type", "string"}, {"enum", json::array{"evolve", "freeze", "discard_row", "discard_value"}}}},
        {.name = "Prefer", .in = "header", .description = "wait=N (seconds, default 30) or respond-async"},
        {.name = "Idempotency-Key", .in = "header", .description = "A repeat with the same key within 24 h answers with the first job"}};
    const std::vector<Reply> replies{
        {201, "The dataset", json_schema<DatasetView>()},
        {202, "Accepted durably; the job goes on", json_schema<PendingUpload>()},
        reply_error(400, "The request is broken"),
        reply_error(409, "These bytes are a dataset already: existing_dataset_id"),
        reply_error(413, "Larger than the limit"),
        reply_error(422, "The file cannot be used: job_id names the failed job")};
    const json::value form_schema{{"type", "object"},
                                  {"required", json::array{"file"}},
                                  {"properties", {{"file", {{"type", "string"}, {"contentMediaType", "application/octet-stream"}}},
                                                  {"supplier_id", {{"type", "string"}}},
                                                  {"dialect", {{"type", "string"}, {"contentMediaType", "application/json"}}},
                                                  {"table", {{"type", "integer"}, {"minimum", 1}}},
                                                  {"tables", {{"type", "string"}, {"enum", json::array{"all", "main"}}}},
                                                  {"version_of", {{"type", "string"}}},
                                                  {"mode", {{"type", "string"}, {"enum", json::array{"replace", "append", "upsert"}}}},
                                                  {"key", {{"type", "string"}}},
                                                  {"contract", {{"type", "string"}}}}}};
    table.add("POST", "/api/v2/imports/files/upload", http::Lane::files,
              {.id = "uploadFile", .summary = "Import a file sent as a form", .tag = "uploads", .parameters = parameters,
               .body = Body{.media_type = "multipart/form-data", .schema = form_schema}, .replies = replies},
              upload_form);
    auto raw_parameters = parameters;
    raw_parameters.insert(raw_parameters.begin(), {.name = "filename", .in = "path", .description = "Name of the file, as data", .required = true});
    table.add("PUT", "/api/v2/imports/files/{filename}", http::Lane::files,
              {.id = "putFile", .summary = "Import a file sent as the body", .tag = "uploads", .parameters = raw_parameters,
               .body = Body{.media_type = "application/octet-stream", .schema = json::object{{"type", "string"}}}, .replies = replies},
              upload_raw);
    auto url_replies = replies;
    url_replies.pop_back();
    url_replies.push_back(reply_error(422, "The address is not allowed, or the file cannot be used: job_id names the failed job"));
    table.add("POST", "/api/v2/imports/urls", http::Lane::files,
              {.id = "importUrl", .summary = "Import a file that the server fetches from an address", .tag = "uploads", .parameters = parameters,
               .body = Body{.schema = json_schema<UrlImport>()}, .replies = url_replies},
              [](Call& call) { return with_json<UrlImport>(call, import_url); });
}

}  // namespace millrace::api::v2
