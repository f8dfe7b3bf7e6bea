#include "api/v2/job_request.hpp"
#include "jobs/view.hpp"
#include "query/query.hpp"

namespace millrace::api::v2 {
namespace {

constexpr std::size_t ids_max = 1000;
constexpr std::int64_t counted_max = 100'000;

BOOST_DEFINE_ENUM_CLASS(BulkAction, create, cancel, retry, acknowledge, remove)

struct BulkRequest {
    BulkAction action = BulkAction::cancel;
    std::optional<std::string> filter;
    std::optional<std::vector<Uuid>> ids;
    std::optional<std::vector<JobRequest>> jobs;
    bool dry_run = false;
    static std::array<std::string_view, 1> required() { return {"action"}; }
};
BOOST_DESCRIBE_STRUCT(BulkRequest, (), (action, filter, ids, jobs, dry_run))

struct Created {
    std::vector<Uuid> ids;
};
BOOST_DESCRIBE_STRUCT(Created, (), (ids))

struct DryRun {
    std::int64_t matched = 0;
    bool more = false;  ///< counting stopped at 100,000
};
BOOST_DESCRIBE_STRUCT(DryRun, (), (matched, more))

[[noreturn]] void refuse(const char* at, const char* code, std::string detail) {
    Error error{Code::invalid_fields};
    error.issues.push_back({at, code, std::move(detail)});
    throw error;
}

/// All or nothing, in one commit.
http::Answer create(Call& call, const BulkRequest& body) {
    if (!body.jobs || body.jobs->empty() || body.jobs->size() > ids_max) refuse("/jobs", "out_of_range", "expected 1 to 1000 jobs");
    Created out;
    ledger::Commit commit;
    for (std::size_t i = 0; i < body.jobs->size(); ++i) {
        const auto at = "/jobs/" + std::to_string(i);
        const auto& request = (*body.jobs)[i];
        if (request.unique || request.cache_ttl_ms) refuse((at + "/unique").c_str(), "unsupported", "unique keys and the cache are for jobs that are created alone");
        auto job = job_of(call, request, at);
        out.ids.push_back(job.id);
        if (!body.dry_run) commit.add(jobs::Create{std::move(job)});
    }
    if (body.dry_run) return http::Response::json(200, to_json(DryRun{static_cast<std::int64_t>(out.ids.size()), false}));
    call.services.ledger.commit(std::move(commit));
    return http::Response::json(201, to_json(out));
}

DryRun count(Call& call, const BulkRequest& body) {
    DryRun out;
    if (body.ids) {
        for (const auto& id : *body.ids) out.matched += call.services.jobs.get(id, call.scope()).has_value();
        return out;
    }
    jobs::ListRequest request;
    request.filter = query::parse_filter(*body.filter, jobs::list_fields());
    request.limit = 1000;
    do {
        auto page = call.services.jobs.list(call.scope(), request);
        out.matched += static_cast<std::int64_t>(page.items.size());
        request.cursor = page.next_cursor;
        out.more = out.matched >= counted_max && request.cursor;
    } while (request.cursor && !out.more);
    return out;
}

http::Answer act(Call& call, BulkRequest body) {
    if (body.action == BulkAction::create) return create(call, body);
    if (body.filter.has_value() == body.ids.has_value()) refuse("/filter", "required", "expected either filter or ids");
    if (body.ids && (body.ids->empty() || body.ids->size() > ids_max)) refuse("/ids", "out_of_range", "expected 1 to 1000 ids; a filter takes any number");
    if (body.filter) (void)query::parse_filter(*body.filter, jobs::list_fields());
    if (body.dry_run) return http::Response::json(200, to_json(count(call, body)));

    const auto scope = call.scope();
    JobRequest request;
    request.kind = "bulk";
    json::object input{{"action", word(body.action)}, {"reach", word(scope.reach)}, {"role", word(scope.role)}};
    if (body.filter) input.emplace("filter", *body.filter);
    if (body.ids) input.emplace("ids", json::parse(to_json(*body.ids)));
    request.input = std::move(input);
    auto job = job_of(call, request);
    const auto id = store_job(call, std::move(job), request, true).job;
    const auto stored = call.services.jobs.get(id);
    if (!stored) throw Error{Code::internal};
    auto response = http::Response::json(202, to_json(jobs::view(*stored)));
    response.headers.set("Location", "/api/v2/jobs/" + id.str());
    return response;
}

}  // namespace

void add_bulk(Table& table) {
    table.add("POST", "/api/v2/jobs/bulk", http::Lane::commits,
              {.id = "bulkJobs", .summary = "Create up to 1000 jobs at once, or act on every job that a filter finds, as a job of its own", .tag = "jobs",
               .parameters = {query_scope()},
               .body = Body{.schema = json_schema<BulkRequest>(), .example = json::object{{"action", "retry"}, {"filter", "state:failed"}, {"dry_run", true}}},
               .replies = {{200, "dry_run: how many it would be", json_schema<DryRun>()}, {201, "create: their ids", json_schema<Created>()},
                           {202, "The job that does it; its result is {matched, changed}", json_schema<jobs::JobView>()},
                           reply_error(400, "The filter is not valid"), reply_error(422, "Fields that are not valid")}},
              [](Call& call) { return with_json<BulkRequest>(call, act); });
}

}  // namespace millrace::api::v2
