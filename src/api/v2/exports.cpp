#include <boost/json/string.hpp>

#include "api/v2/job_request.hpp"
#include "api/v2/routes.hpp"
#include "api/waiting.hpp"
#include "datasets/export.hpp"
#include "jobs/view.hpp"

namespace millrace::api::v2 {
namespace {

using jobs::Job;

/// An export that has not ended.
struct PendingExport {
    Uuid job_id;
    std::string status;
    jobs::JobView job;
};
BOOST_DESCRIBE_STRUCT(PendingExport, (), (job_id, status, job))

/// An export that is there.
struct DoneExport {
    Uuid job_id;
    Uuid file_id;
    std::string filename;
    json::array files;
    json::object manifest;
};
BOOST_DESCRIBE_STRUCT(DoneExport, (), (job_id, file_id, filename, files, manifest))

http::Answer pending(const Job& job) {
    auto response = http::Response::json(202, to_json(PendingExport{job.id, std::string{jobs::status_v2(job.state)}, jobs::view(job)}));
    response.headers.set("Location", "/api/v2/jobs/" + job.id.str());
    response.headers.set("Retry-After", "1");
    return response;
}

http::Answer ended(const http::Request& request, const Job& job) {
    if (job.state != jobs::State::completed) {
        return problem_of_job(Error::with_text(code_from(job.error_code), job.error_message), job.id, request);
    }
    const auto& result = job.result.as_object();
    const DoneExport done{job.id, job.result_file_id.value_or(Uuid{}), std::string{std::string_view{result.at("filename").as_string()}},
                          result.at("files").as_array(), result.at("manifest").as_object()};
    auto response = http::Response::json(201, to_json(done));
    response.headers.set("Location", "/api/v2/files/" + done.file_id.str());
    return response;
}

/// The dataset in the path, of the caller: what a job makes of it will be the caller's.
datasets::Dataset find(Call& call) {
    auto dataset = call.services.datasets.get(call.id(), call.who.scope);
    if (!dataset) throw Error{Code::not_found};
    return std::move(*dataset);
}

http::Answer create(Call& call, json::object body) {
    const auto dataset = find(call);
    datasets::ExportRequest wanted;
    Error error{Code::invalid_fields};
    read_json(json::value(body), wanted, error.issues);
    if (error.issues.empty()) datasets::plan_export(wanted, error.issues, "");
    if (!error.issues.empty()) throw error;
    body.insert_or_assign("dataset_id", dataset.id.str());
    JobRequest request;
    request.kind = "export";
    request.input = std::move(body);
    const auto stored = store_job(call, job_of(call, request), request, true);
    const auto job = call.services.jobs.get(stored.job);
    if (!job) throw Error{Code::internal};
    const auto wait = wait_of(call.request, Duration{0});
    if (wait == Duration{0}) return pending(*job);
    return wait_for_job_answer(call.services, call.who.scope, job->id, wait, [&asked = call.request](const Job& seen) {
        return jobs::is_terminal(seen.state) ? ended(asked, seen) : pending(seen);
    });
}

json::value request_schema() {
    auto schema = json_schema<datasets::ExportRequest>();
    json::array names;
    for (const auto* format : formats::output_catalog()) names.emplace_back(format->name);
    names.emplace_back("jsonl");
    schema.as_object().at("properties").as_object().insert_or_assign("format", json::object{{"type", "string"}, {"enum", std::move(names)}});
    return schema;
}

}  // namespace

void add_exports(Table& table) {
    table.add("POST", "/api/v2/datasets/{id}/exports", http::Lane::commits,
              {.id = "createExport", .summary = "Write the dataset as a file of any format, in a job; the file is then yours under /api/v2/files", .tag = "datasets",
               .parameters = {path_id("dataset"), {.name = "Prefer", .in = "header", .description = "wait=N: wait up to N seconds for the file; without it the answer comes at once"}},
               .body = Body{.schema = request_schema(), .example = json::object{{"format", "xlsx"}}},
               .replies = {{201, "The file is there", json_schema<DoneExport>()}, {202, "The job goes on", json_schema<PendingExport>()},
                           reply_error(404, "No such dataset of yours"), reply_error(422, "A format or an option that is not known, each with its pointer")}},
              [](Call& call) {
                  find(call);
                  return with_json<json::object>(call, create);
              });
}

}  // namespace millrace::api::v2
