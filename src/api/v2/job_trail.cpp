#include "api/log_tails.hpp"
#include "api/v2/routes.hpp"
#include "api/v2/streams.hpp"

// What a job leaves behind while it lives: log lines, events, and what was asked of language models.
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

/// A question to a language model, with what was sent.
struct LlmCallView {
    Uuid id;
    Instant at{};
    std::string purpose, provider, model, shape;
    int attempt = 1;
    std::string outcome;
    std::optional<int> status;
    std::int64_t input_tokens = 0, output_tokens = 0, cached_tokens = 0;
    bool estimated = false;
    double cost = 0;
    std::int64_t took_ms = 0;
    json::value sent;
};
BOOST_DESCRIBE_STRUCT(LlmCallView, (),
                      (id, at, purpose, provider, model, shape, attempt, outcome, status, input_tokens, output_tokens, cached_tokens, estimated, cost, took_ms, sent))

struct LlmCallList {
    std::vector<LlmCallView> items;
};
BOOST_DESCRIBE_STRUCT(LlmCallList, (), (items))

LlmCallView shown(const llm::Call& call) {
    LlmCallView out{.id = call.id, .at = call.at, .purpose = call.purpose, .provider = call.provider, .model = call.model, .shape = call.shape,
                    .attempt = call.attempt, .outcome = call.outcome};
    if (call.status != 0) out.status = call.status;
    out.input_tokens = call.usage.input;
    out.output_tokens = call.usage.output;
    out.cached_tokens = call.usage.cached;
    out.estimated = call.estimated;
    out.cost = static_cast<double>(call.cost_micros) / 1e6;
    out.took_ms = std::chrono::floor<std::chrono::milliseconds>(call.took).count();
    out.sent = call.sent;
    return out;
}

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

/// How far a reader has come in the log of events, and among what the job and its attempts tell.
struct Position {
    std::int64_t seq = 0;
    std::int64_t told = 0;
};

Position after_cursor(const http::Request& request) {
    const auto cursor = request.query_value("cursor");
    if (!cursor) return {};
    const auto values = query::decode_cursor(event_list, *cursor);
    const auto number = [&](std::size_t i) { return i < values.size() ? std::get_if<std::int64_t>(&values[i]) : nullptr; };
    if (values.size() != 2 || !number(0) || !number(1) || *number(1) < 0) {
        throw Error{Code::invalid_parameter, {{"name", "cursor"}, {"why", "it is not of this list"}}};
    }
    return {*number(0), *number(1)};
}

/// The routine of a job (it came, it ran, it completed), which the log of events need not keep by job.
std::vector<EventView> told_by(const jobs::Job& job, const std::vector<jobs::Attempt>& attempts) {
    std::vector<EventView> out;
    const auto tell = [&](std::string_view type, Instant at, json::object data) {
        data["id"] = job.id.str();
        out.push_back({.id = {}, .type = "job." + std::string{type}, .at = at, .subject_id = job.id, .data = std::move(data)});
    };
    tell("queued", job.created_at, {{"state", "queued"}});
    for (const auto& attempt : attempts) {
        tell("running", attempt.started_at, {{"state", "running"}, {"attempt", attempt.attempt}, {"worker", attempt.worker}});
        if (attempt.outcome != "completed") continue;
        tell("completed", *attempt.ended_at, {{"state", "completed"}, {"attempt", attempt.attempt}, {"worker", attempt.worker}});
    }
    return out;
}

/// Merges both by time, from `from` on, at most `limit`. What both have is taken from the log.
JobEventList merged(const std::vector<events::Event>& logged, const std::vector<EventView>& told, Position from, std::size_t limit) {
    JobEventList out;
    Position at = from;
    auto log = logged.begin();
    auto next = told.begin() + std::min<std::ptrdiff_t>(from.told, std::ssize(told));
    const auto skip = [&] { ++next, ++at.told; };
    while (log != logged.end() || next != told.end()) {
        if (out.items.size() == limit) {
            const query::CursorValue values[] = {at.seq, at.told};
            out.next_cursor = query::encode_cursor(event_list, values);
            break;
        }
        if (next != told.end() && (log == logged.end() || next->at < log->at)) {
            out.items.push_back(*next);
            skip();
            continue;
        }
        // It came in another state than queued, when the log has something else of that moment.
        while (next != told.end() && next->at == log->at && (next->type == log->type || next == told.begin())) skip();
        out.items.push_back(view(*log));
        at.seq = log->seq;
        ++log;
    }
    return out;
}

http::Begun events(Call& call) {
    const auto job = find(call);
    const auto limit = static_cast<std::size_t>(limit_of(call.request));
    const auto from = after_cursor(call.request);
    const auto logged = call.services.events.of_subject(job.id, from.seq, static_cast<int>(limit) + 1);
    return http::Response::json(200, to_json(merged(logged, told_by(job, call.services.jobs.attempts(job.id)), from, limit)));
}

http::Begun llm_calls(Call& call) {
    LlmCallList out;
    for (const auto& one : call.services.llm.calls(find(call).id)) out.items.push_back(shown(one));
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
               .replies = {{200, "Lines in order", json_schema<LogList>()}, invalid, not_found}},
              logs);
    table.add("GET", "/api/v2/jobs/{id}/events", http::Lane::reads,
              {.id = "listJobEvents", .summary = "Every change of the job so far", .tag = "jobs",
               .parameters = {path_id("job"), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "Oldest first", json_schema<JobEventList>()}, invalid, not_found}},
              events);
    table.add("GET", "/api/v2/jobs/{id}/llm-calls", http::Lane::reads,
              {.id = "listJobLlmCalls", .summary = "What language models were asked for the job: exactly what was sent, and what it has cost", .tag = "jobs",
               .parameters = {path_id("job"), query_scope()},
               .replies = {{200, "Oldest first", json_schema<LlmCallList>()}, not_found}},
              llm_calls);
}

}  // namespace millrace::api::v2
