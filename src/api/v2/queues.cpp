#include <algorithm>

#include "api/v2/routes.hpp"
#include "api/waiting.hpp"

namespace millrace::api::v2 {
namespace {

struct QueueView : jobs::Queue {
    std::map<std::string, std::int64_t> counts;  ///< unfinished jobs by state
};
BOOST_DESCRIBE_STRUCT(QueueView, (jobs::Queue), (counts))

struct QueueList {
    std::vector<QueueView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(QueueList, (), (items, next_cursor))

struct QueueSettings {
    std::optional<bool> paused;
    std::optional<int> running_max;
    std::optional<int> rate_count;
    std::optional<std::int64_t> rate_period_ms;
    std::optional<int> key_running_max;
    std::optional<int> key_rate_count;
    std::optional<std::int64_t> key_rate_period_ms;
};
BOOST_DESCRIBE_STRUCT(QueueSettings, (),
                      (paused, running_max, rate_count, rate_period_ms, key_running_max, key_rate_count, key_rate_period_ms))

std::string name_of(const http::Request& request) {
    const std::string name{request.param("name")};
    if (!jobs::is_queue_name(name)) throw Error{Code::not_found};
    return name;
}

std::map<std::string, std::map<std::string, std::int64_t>> counts(Call& call) {
    std::map<std::string, std::map<std::string, std::int64_t>> out;
    for (const auto& count : call.services.jobs.queue_counts()) {
        if (count.number > 0) out[count.queue][std::string{word(count.state)}] = count.number;
    }
    return out;
}

/// The part of a queue that operators set: what its ETag stands for.
std::string etag_of(const jobs::Queue& queue) { return strong_etag(queue.name + '/' + std::to_string(queue.version)); }

http::Response response_of(Call& call, int status, const jobs::Queue& queue) {
    QueueView view;
    static_cast<jobs::Queue&>(view) = queue;
    view.counts = counts(call)[queue.name];
    auto response = http::Response::json(status, to_json(view));
    response.etag = etag_of(queue);
    return response;
}

http::Begun list(Call& call) {
    const auto by_queue = counts(call);
    QueueList out;
    for (const auto& queue : call.services.jobs.queues()) {
        QueueView& view = out.items.emplace_back();
        static_cast<jobs::Queue&>(view) = queue;
        if (const auto found = by_queue.find(queue.name); found != by_queue.end()) view.counts = found->second;
    }
    return http::Response::json(200, to_json(out));
}

http::Begun get(Call& call) {
    const auto queue = call.services.jobs.queue(name_of(call.request));
    if (!queue) throw Error{Code::not_found};
    return response_of(call, 200, *queue);
}

/// Applies `change` to the queue as it is, made when it is not there; again when somebody else was faster.
http::Response edit(Call& call, const std::function<void(jobs::Queue&)>& change) {
    const auto name = name_of(call.request);
    const auto match = call.request.headers.find("if-match");
    for (int tries = 0; tries < 10; ++tries) {
        const auto before = call.services.jobs.queue(name);
        if (match && *match != "*" && (!before || *match != etag_of(*before))) throw Error{Code::precondition_failed};
        jobs::Queue queue = before.value_or(jobs::Queue{.name = name, .version = 0});
        const int version = queue.version;
        change(queue);
        if (auto issues = problems(queue); !issues.empty()) {
            Error error{Code::invalid_fields};
            error.issues = std::move(issues);
            throw error;
        }
        queue.version = version + 1;
        queue.updated_at = call.services.clock.now();
        const auto done = call.services.ledger.commit(
            std::move(ledger::Commit{}.guard(jobs::QueueVersion{name, version}).add(jobs::PutQueue{queue})));
        if (done) return response_of(call, before ? 200 : 201, queue);
    }
    throw Error{Code::conflict, {{"why", "others change the queue at the same time"}}};
}

/// Everything that is not named is taken away.
http::Answer put(Call& call, QueueSettings body) {
    return edit(call, [&](jobs::Queue& queue) {
        queue.paused = body.paused.value_or(false);
        queue.running_max = body.running_max;
        queue.rate_count = body.rate_count;
        queue.rate_period_ms = body.rate_period_ms;
        queue.key_running_max = body.key_running_max;
        queue.key_rate_count = body.key_rate_count;
        queue.key_rate_period_ms = body.key_rate_period_ms;
    });
}

http::Begun pause(Call& call) {
    return edit(call, [](jobs::Queue& queue) { queue.paused = true; });
}

http::Begun resume(Call& call) {
    return edit(call, [](jobs::Queue& queue) { queue.paused = false; });
}

Parameter path_name() { return {.name = "name", .in = "path", .description = "Name of the queue", .required = true}; }

// Statistics

struct StatPoint {
    Instant at{};
    std::string queue;
    std::string kind;
    std::string outcome;
    std::int64_t number = 0;
    double wait_ms = 0;  ///< mean, from created to started
    double run_ms = 0;   ///< mean, from started to ended
};
BOOST_DESCRIBE_STRUCT(StatPoint, (), (at, queue, kind, outcome, number, wait_ms, run_ms))

struct StatList {
    std::vector<StatPoint> items;
    std::map<std::string, std::int64_t> unfinished;  ///< by state, now
};
BOOST_DESCRIBE_STRUCT(StatList, (), (items, unfinished))

Duration span_of(const http::Request& request, std::string_view name, Duration otherwise) {
    const auto text = request.query_value(name);
    if (!text) return otherwise;
    const auto span = parse_duration(*text);
    if (!span || *span < 1min || *span > 24h * 400) {
        throw Error{Code::invalid_parameter, {{"name", std::string{name}}, {"why", "expected a duration from 1m to 400d, e.g. 1h"}}};
    }
    return *span;
}

http::Begun stats(Call& call) {
    const auto range = span_of(call.request, "range", 1h);
    const auto step = std::max<Duration>(span_of(call.request, "step", 1min), 1min);
    if (range / step > 2000) throw Error{Code::invalid_parameter, {{"name", "step"}, {"why", "at most 2000 steps fit into an answer"}}};
    const auto now = call.services.clock.now();
    struct Key {
        Instant at{};
        std::string queue, kind, outcome;
        auto operator<=>(const Key&) const = default;
    };
    std::map<Key, jobs::Stat> sums;
    for (const auto& stat : call.services.jobs.stats(std::chrono::floor<std::chrono::minutes>(now - range), now + 1min)) {
        const auto at = Instant{stat.minute.time_since_epoch() / step * step};
        auto& sum = sums[{at, stat.queue, stat.kind, stat.outcome}];
        sum.number += stat.number;
        sum.wait_us += stat.wait_us;
        sum.run_us += stat.run_us;
    }
    StatList out;
    for (const auto& [key, sum] : sums) {
        const double number = static_cast<double>(std::max<std::int64_t>(1, sum.number));
        out.items.push_back({key.at, key.queue, key.kind, key.outcome, sum.number, static_cast<double>(sum.wait_us) / number / 1000,
                             static_cast<double>(sum.run_us) / number / 1000});
    }
    for (const auto& [state, number] : call.services.jobs.counts()) out.unfinished[std::string{word(state)}] = number;
    return http::Response::json(200, to_json(out));
}

}  // namespace

void add_queues(Table& table) {
    const auto schema = json_schema<QueueView>();
    const Reply not_found = reply_error(404, "No such queue");
    const Reply changed = reply_error(412, "The queue is not as If-Match says");
    table.add("GET", "/api/v2/queues", http::Lane::reads,
              {.id = "listQueues", .summary = "All queues with their limits and unfinished jobs", .tag = "queues", .access = Access::admin,
               .replies = {{200, "By name", json_schema<QueueList>()}}},
              list);
    table.add("GET", "/api/v2/queues/{name}", http::Lane::reads,
              {.id = "getQueue", .summary = "One queue", .tag = "queues", .access = Access::admin, .parameters = {path_name()},
               .replies = {{200, "The queue", schema}, not_found}},
              get);
    table.add("PUT", "/api/v2/queues/{name}", http::Lane::commits,
              {.id = "putQueue", .summary = "Set the limits of a queue, making it when it is not there", .tag = "queues", .access = Access::admin, .parameters = {path_name()},
               .body = Body{.schema = json_schema<QueueSettings>(), .example = json::object{{"running_max", 4}, {"rate_count", 100}, {"rate_period_ms", 60000}}},
               .replies = {{200, "The queue", schema}, {201, "The new queue", schema}, changed, reply_error(422, "Limits that make no sense")}},
              [](Call& call) { return with_json<QueueSettings>(call, put); });
    table.add("POST", "/api/v2/queues/{name}/pause", http::Lane::commits,
              {.id = "pauseQueue", .summary = "Start nothing more; what runs goes on", .tag = "queues", .access = Access::admin, .parameters = {path_name()},
               .replies = {{200, "The queue", schema}, {201, "The new queue", schema}, changed}},
              pause);
    table.add("POST", "/api/v2/queues/{name}/resume", http::Lane::commits,
              {.id = "resumeQueue", .summary = "Start jobs again", .tag = "queues", .access = Access::admin, .parameters = {path_name()},
               .replies = {{200, "The queue", schema}, {201, "The new queue", schema}, changed}},
              resume);
    table.add("GET", "/api/v2/stats", http::Lane::reads,
              {.id = "getStats", .summary = "What happened to jobs over time, of all users", .tag = "queues", .access = Access::admin,
               .parameters = {{.name = "range", .in = "query", .description = "How far back, e.g. 1h, 7d"}, {.name = "step", .in = "query", .description = "Length of a point, e.g. 1m, 1h"}},
               .replies = {{200, "Points in order of time", json_schema<StatList>()}, reply_error(400, "A parameter is not valid")}},
              stats);
}

}  // namespace millrace::api::v2
