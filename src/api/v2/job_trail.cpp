#include "api/log_tails.hpp"
#include "api/v2/routes.hpp"
#include "api/v2/streams.hpp"

// What a job leaves behind while it lives: log lines and events.
namespace millrace::api::v2 {
namespace {

struct LogList {
    std::vector<jobs::LogLine> items;
    std::int64_t last = 0;
};
BOOST_DESCRIBE_STRUCT(LogList, (), (items, last))

struct JobEventList {
    std::vector<EventView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(JobEventList, (), (items, next_cursor))

jobs::Job find(Call& call) {
    auto job = call.services.jobs.get(call.id(), call.scope());
    if (!job) throw Error{Code::not_found};
    return std::move(*job);
}

bool flag_of(const http::Request& request, std::string_view name) {
    const auto value = request.query_value(name);
    if (!value || *value == "false") return false;
    if (*value == "true" || value->empty()) return true;
    throw Error{Code::invalid_parameter, {{"name", std::string{name}}, {"why", "expected true or false"}}};
}

http::Begun logs(Call& call) {
    jobs::LogRequest wanted{.job = find(call).id, .attempt = std::nullopt,
                            .after = number_of(call.request, "after", 0, std::numeric_limits<std::int64_t>::max()),
                            .limit = limit_of(call.request)};
    if (call.request.query_value("attempt")) wanted.attempt = static_cast<int>(number_of(call.request, "attempt", 0, std::numeric_limits<int>::max()));
    if (flag_of(call.request, "follow")) {
        check_stream_limit(call);
        wanted.after = std::max(wanted.after, last_event_id(call.request).seq);
        return http::EventStream{call.services.log_tails.open(wanted, call.who.scope), {}};
    }
    LogList out;
    out.items = call.services.jobs.log(wanted);
    out.last = out.items.empty() ? wanted.after : out.items.back().seq;
    return http::Response::json(200, to_json(out));
}

constexpr std::string_view event_list = "job_events";

std::int64_t after_cursor(const http::Request& request) {
    const auto cursor = request.query_value("cursor");
    if (!cursor) return 0;
    const auto values = query::decode_cursor(event_list, *cursor);
    const auto* seq = values.size() == 1 ? std::get_if<std::int64_t>(&values[0]) : nullptr;
    if (!seq) throw Error{Code::invalid_parameter, {{"name", "cursor"}, {"why", "it is not of this list"}}};
    return *seq;
}

http::Begun events(Call& call) {
    const auto id = find(call).id;
    const auto limit = static_cast<std::size_t>(limit_of(call.request));
    auto found = call.services.events.of_subject(id, after_cursor(call.request), static_cast<int>(limit) + 1);
    JobEventList out;
    if (found.size() > limit) {
        found.resize(limit);
        const query::CursorValue last = found.back().seq;
        out.next_cursor = query::encode_cursor(event_list, {&last, 1});
    }
    for (const auto& event : found) out.items.push_back(view(event));
    return http::Response::json(200, to_json(out));
}

}  // namespace

void add_job_trail(Table& table) {
    const Reply not_found = reply_error(404, "No such job of yours");
    const Reply invalid = reply_error(400, "A parameter is not valid");
    const auto integer = json::object{{"type", "integer"}};
    table.add("GET", "/api/v2/jobs/{id}/logs", http::Lane::reads,
              {.id = "listJobLogs", .summary = "What the job has logged; with `follow`, as server-sent events until it ends", .tag = "jobs",
               .parameters = {path_id("job"),
                              {.name = "attempt", .in = "query", .description = "Only of this attempt", .schema = integer},
                              {.name = "after", .in = "query", .description = "Only what comes after this line: `last` of the call before", .schema = integer},
                              {.name = "follow", .in = "query", .description = "An event `log` for each line, as it comes, and `end` when the job has ended; Last-Event-ID goes on", .schema = json::object{{"type", "boolean"}}},
                              query_limit(), query_scope()},
               .replies = {{200, "Lines in order", json_schema<LogList>()}, invalid, not_found, reply_error(429, "Too many streams")}},
              logs);
    table.add("GET", "/api/v2/jobs/{id}/events", http::Lane::reads,
              {.id = "listJobEvents", .summary = "Every change of the job so far", .tag = "jobs",
               .parameters = {path_id("job"), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "Oldest first", json_schema<JobEventList>()}, invalid, not_found}},
              events);
}

}  // namespace millrace::api::v2
