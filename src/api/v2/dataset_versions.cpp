#include <boost/json/string.hpp>

#include <array>

#include "api/v2/dataset_view.hpp"
#include "api/v2/job_request.hpp"
#include "api/v2/routes.hpp"
#include "api/waiting.hpp"
#include "datasets/version.hpp"
#include "jobs/view.hpp"

namespace millrace::api::v2 {
namespace {

using datasets::Dataset;
using jobs::Job;

struct VersionList {
    std::vector<DatasetView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(VersionList, (), (items, next_cursor))

struct PendingVersion {
    Uuid job_id;
    std::string status;
    jobs::JobView job;
};
BOOST_DESCRIBE_STRUCT(PendingVersion, (), (job_id, status, job))

/// What a request says of a version to be made; the rest of an import's options may stand beside it.
struct VersionRequest {
    Uuid file_id;
    std::optional<std::string> mode;
    std::optional<std::vector<std::string>> key;
    std::optional<datasets::Contract> contract;
    std::optional<json::object> dialect;
    std::optional<std::uint32_t> table;
    std::optional<std::string> on_duplicate;
    static std::array<std::string_view, 1> required() { return {"file_id"}; }
};
BOOST_DESCRIBE_STRUCT(VersionRequest, (), (file_id, mode, key, contract, dialect, table, on_duplicate))

/// A version as it stands in a lineage.
struct Ancestor {
    Uuid dataset_id;
    int version = 1;
    datasets::Mode mode = datasets::Mode::import;
    Uuid file_id;
    std::string filename;
    std::string sha256;
    Uuid job_id;
    Instant created_at{};
};
BOOST_DESCRIBE_STRUCT(Ancestor, (), (dataset_id, version, mode, file_id, filename, sha256, job_id, created_at))

struct Lineage {
    Uuid dataset_id;
    Uuid series_id;
    int version = 1;
    datasets::Mode mode = datasets::Mode::import;
    json::object file;
    json::object job;
    std::optional<json::object> mapping;  ///< how columns were mapped; null: as they stood in the file
    std::vector<Ancestor> parents;        ///< the version before first
    std::vector<Ancestor> children;       ///< versions made of this one
};
BOOST_DESCRIBE_STRUCT(Lineage, (), (dataset_id, series_id, version, mode, file, job, mapping, parents, children))

constexpr int relatives_max = 1000;

Dataset find(Call& call, const Scope& scope) {
    auto dataset = call.services.datasets.get(call.id(), scope);
    if (!dataset) throw Error{Code::not_found};
    return std::move(*dataset);
}

http::Begun list(Call& call) {
    const auto dataset = find(call, call.scope());
    const auto fields = datasets::list_fields();
    datasets::ListRequest wanted{.filter = query::parse_filter("series_id:" + dataset.series_id.str(), fields), .sort = query::parse_sort("-version", fields),
                                 .cursor = {}, .limit = limit_of(call.request)};
    if (const auto cursor = call.request.query_value("cursor")) wanted.cursor = std::string{*cursor};
    const auto page = call.services.datasets.list(call.scope(), wanted);
    VersionList out;
    for (const auto& version : page.items) out.items.push_back(dataset_view(version));
    out.next_cursor = page.next_cursor;
    return http::Response::json(200, to_json(out));
}

http::Answer pending(const Job& job) {
    auto response = http::Response::json(202, to_json(PendingVersion{job.id, std::string{jobs::status_v2(job.state)}, jobs::view(job)}));
    response.headers.set("Location", "/api/v2/jobs/" + job.id.str());
    response.headers.set("Retry-After", "1");
    return response;
}

http::Answer ended(Services& services, const Scope& scope, const http::Request& request, const Job& job) {
    const auto dataset = job.state == jobs::State::completed && job.related_dataset_id ? services.datasets.get(*job.related_dataset_id, scope) : std::nullopt;
    if (dataset) {
        auto response = http::Response::json(201, to_json(dataset_view(*dataset)));
        response.headers.set("Location", "/api/v2/datasets/" + dataset->id.str());
        return response;
    }
    if (const auto* existing = job.metadata.if_contains("existing_dataset_id"); existing && existing->is_string()) {
        return problem_of_job(Error{Code::duplicate, {{"existing_dataset_id", std::string{existing->as_string()}}}}, job.id, request);
    }
    return problem_of_job(Error::with_text(code_from(job.error_code), job.error_message), job.id, request);
}

http::Answer create(Call& call, json::object body) {
    const auto dataset = find(call, call.who.scope);
    VersionRequest wanted;
    Error error{Code::invalid_fields};
    read_json(json::value(body), wanted, error.issues);
    if (!error.issues.empty()) throw error;
    body.insert_or_assign("version_of", dataset.id.str());
    JobRequest request;
    request.kind = "import";
    request.input = std::move(body);
    const auto stored = store_job(call, job_of(call, request), request, true);
    const auto job = call.services.jobs.get(stored.job);
    if (!job) throw Error{Code::internal};
    const auto wait = wait_of(call.request, Duration{0});
    if (wait == Duration{0}) return pending(*job);
    auto& services = call.services;
    const auto scope = call.who.scope;
    return wait_for_job_answer(services, scope, job->id, wait, [&services, scope, &asked = call.request](const Job& seen) {
        return jobs::is_terminal(seen.state) ? ended(services, scope, asked, seen) : pending(seen);
    });
}

Ancestor ancestor(const Dataset& d) { return {d.id, d.version, d.mode, d.file_id, d.filename, d.sha256, d.job_id, d.created_at}; }

http::Begun lineage(Call& call) {
    const auto scope = call.scope();
    const auto dataset = find(call, scope);
    Lineage out{.dataset_id = dataset.id, .series_id = dataset.series_id, .version = dataset.version, .mode = dataset.mode};
    out.file = {{"id", dataset.file_id.str()}, {"filename", dataset.filename}, {"sha256", dataset.sha256}, {"size_bytes", dataset.size_bytes},
                {"table", dataset.table}, {"format", dataset.format}};
    out.job = {{"id", dataset.job_id.str()}};
    if (const auto job = call.services.jobs.get(dataset.job_id, scope)) {
        out.job.emplace("kind", job->kind);
        out.job.emplace("state", word(job->state));
    }
    for (auto next = dataset.parent_id; next && out.parents.size() < relatives_max;) {
        const auto parent = call.services.datasets.get(*next, scope);
        if (!parent) break;  // deleted since
        out.parents.push_back(ancestor(*parent));
        next = parent->parent_id;
    }
    datasets::ListRequest made{.filter = query::parse_filter("parent_id:" + dataset.id.str(), datasets::list_fields()), .sort = {}, .cursor = {}, .limit = relatives_max};
    for (const auto& child : call.services.datasets.list(scope, made).items) out.children.push_back(ancestor(child));
    return http::Response::json(200, to_json(out));
}

}  // namespace

void add_dataset_versions(Table& table) {
    const Reply not_found = reply_error(404, "No such dataset of yours");
    table.add("GET", "/api/v2/datasets/{id}/versions", http::Lane::reads,
              {.id = "listDatasetVersions", .summary = "All versions of a dataset, newest first; each is a dataset of its own that nothing changes", .tag = "datasets",
               .parameters = {path_id("dataset"), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<VersionList>()}, not_found}},
              list);
    table.add("POST", "/api/v2/datasets/{id}/versions", http::Lane::commits,
              {.id = "createDatasetVersion", .summary = "Make the next version from a stored file, in a job: replace, append, or upsert by key", .tag = "datasets",
               .parameters = {path_id("dataset"), {.name = "Prefer", .in = "header", .description = "wait=N: wait up to N seconds for the version; without it the answer comes at once"}},
               .body = Body{.schema = json_schema<VersionRequest>()},
               .replies = {{201, "The version", json_schema<DatasetView>()}, {202, "The job goes on", json_schema<PendingVersion>()}, not_found,
                           reply_error(409, "These rows are in the dataset already: existing_dataset_id"),
                           reply_error(422, "A field is not valid, or the file breaks the contract")}},
              [](Call& call) {
                  find(call, call.who.scope);
                  return with_json<json::object>(call, create);
              });
    table.add("GET", "/api/v2/datasets/{id}/lineage", http::Lane::reads,
              {.id = "getDatasetLineage", .summary = "What a dataset was made of: file, job, mapping, versions before and after", .tag = "datasets",
               .parameters = {path_id("dataset"), query_scope()}, .replies = {{200, "The lineage", json_schema<Lineage>()}, not_found}},
              lineage);
}

}  // namespace millrace::api::v2
