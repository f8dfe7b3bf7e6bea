#include "api/v2/worker_reports.hpp"

#include <fmt/format.h>
#include <boost/json/string.hpp>

#include <algorithm>

#include "base/utf8.hpp"

namespace millrace::api::v2 {
namespace {

constexpr std::size_t running_max = 10'000;
constexpr std::size_t progress_max = 1'000;
constexpr std::size_t stage_bytes_max = 64;
constexpr std::size_t text_bytes_max = 4'000;
constexpr std::size_t log_lines_max = 200;
constexpr std::int64_t delay_ms_max = 30LL * 24 * 3600 * 1000;

struct Failure {
    std::string code = std::string{to_string(Code::external_failure)};
    std::string message;
    bool retryable = true;
    static std::array<std::string_view, 1> required() { return {"message"}; }
};
BOOST_DESCRIBE_STRUCT(Failure, (), (code, message, retryable))

struct ResultItem {
    std::string job_id;
    int attempt = 0;
    std::string lease_token;
    jobs::RemoteOutcome outcome = jobs::RemoteOutcome::completed;
    std::optional<json::value> result;
    std::optional<Failure> error;
    std::optional<std::int64_t> retry_in_ms;
    std::optional<json::object> metadata;
    std::optional<Uuid> related_dataset_id;
    std::vector<json::value> log;
    static std::array<std::string_view, 4> required() { return {"job_id", "attempt", "lease_token", "outcome"}; }
};
BOOST_DESCRIBE_STRUCT(ResultItem, (),
                      (job_id, attempt, lease_token, outcome, result, error, retry_in_ms, metadata, related_dataset_id, log))

/// At most `bytes_max` of the text, no character cut in two. A stack trace that is too long is no reason to lose the rest.
std::string shortened(std::string text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    text.resize(bytes_max);
    text.resize(std::min(text.size(), first_invalid_utf8(text)));
    return text;
}

/// Lines with times that increase; a line that is none is left out, and those beyond the limit too.
std::vector<jobs::LogLine> log_lines(const std::vector<json::value>& reports, Instant now) {
    std::vector<jobs::LogLine> lines;
    for (const auto& value : reports) {
        LogReport report;
        std::vector<Issue> issues;
        if (value.is_string()) report.message = std::string_view{value.get_string()};
        else read_json(value, report, issues, "", true);
        if (!issues.empty() || lines.size() == log_lines_max) continue;
        const bool known = report.level == "debug" || report.level == "warn" || report.level == "error";
        auto at = report.at.value_or(now);
        if (!lines.empty()) at = std::max(at, lines.back().at + Duration{1});
        lines.push_back({.at = at, .level = known ? report.level : "info", .message = shortened(std::move(report.message), text_bytes_max)});
    }
    return lines;
}

std::optional<jobs::Lease> lease_of(const std::string& job, int attempt, const std::string& token) {
    const auto job_id = Uuid::parse(job), lease_token = Uuid::parse(token);
    if (!job_id || !lease_token) return std::nullopt;
    return jobs::Lease{*job_id, attempt, *lease_token};
}

bool is_code(std::string_view code) {
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; };
    return !code.empty() && code.size() <= 64 && std::ranges::all_of(code, fits);
}

/// What is wrong with an item beyond its types; empty: nothing.
std::string fault_of(const ResultItem& item) {
    const auto larger = [](const auto& value, std::size_t max) { return json::serialize(value).size() > max; };
    if (item.outcome == jobs::RemoteOutcome::failed && !item.error) return "/error: is missing";
    if (item.error && !is_code(item.error->code)) return "/error/code: expected 1 to 64 of a-z, 0-9, '_' and '.'";
    if (item.outcome == jobs::RemoteOutcome::snooze && !item.retry_in_ms) return "/retry_in_ms: is missing";
    if (item.retry_in_ms && (*item.retry_in_ms < 0 || *item.retry_in_ms > delay_ms_max)) return "/retry_in_ms: expected 0 to 2592000000 (30 days)";
    if (item.result && larger(*item.result, jobs::remote_value_bytes_max)) {
        return "/result: is larger than 65536 bytes; store it as a file or a dataset and name that";
    }
    if (item.metadata && larger(json::value(*item.metadata), jobs::remote_metadata_bytes_max)) return "/metadata: is larger than 16384 bytes";
    return {};
}

/// A dataset of the organisation of the job. Jobs that are not there are judged later, as lost.
bool is_dataset_for(Services& services, const Uuid& dataset, const Uuid& job_id) {
    const auto job = services.jobs.get(job_id);
    if (!job) return true;
    Scope scope{job->owner, job->org};
    scope.reach = Scope::Reach::org;
    return services.datasets.get(dataset, scope).has_value();
}

jobs::RemoteEnding ending_of(ResultItem item, const jobs::Lease& lease, Instant now) {
    jobs::RemoteEnding ending{.lease = lease, .outcome = item.outcome, .result = std::move(item.result), .retry_in_ms = item.retry_in_ms,
                              .metadata = std::move(item.metadata).value_or(json::object{}), .related_dataset_id = item.related_dataset_id, .log = log_lines(item.log, now)};
    if (item.error) {
        ending.error_code = std::move(item.error->code);
        ending.error_message = shortened(std::move(item.error->message), text_bytes_max);
        ending.retryable = item.error->retryable;
    }
    return ending;
}

std::string job_id_in(const json::value& item) {
    const auto* id = item.is_object() ? item.get_object().if_contains("job_id") : nullptr;
    return id && id->is_string() ? std::string{std::string_view{id->get_string()}} : std::string{};
}

}  // namespace

std::vector<Issue> problems(const Heartbeat& body) {
    std::vector<Issue> issues;
    if (body.running && body.running->size() > running_max) issues.push_back({"/running", "out_of_range", "expected at most 10000"});
    if (body.progress.size() > progress_max) issues.push_back({"/progress", "out_of_range", "expected at most 1000"});
    for (std::size_t i = 0; i < body.progress.size(); ++i) {
        const auto& checkpoint = body.progress[i].checkpoint;
        if (!checkpoint || json::serialize(*checkpoint).size() <= jobs::remote_value_bytes_max) continue;
        issues.push_back({fmt::format("/progress/{}/checkpoint", i), "too_long", "is larger than 65536 bytes"});
    }
    return issues;
}

void take_progress(const Heartbeat& body, jobs::RemoteBeat& beat, std::vector<std::string>& lost) {
    if (body.running) {
        beat.running.emplace();
        for (const auto& text : *body.running) {
            if (const auto id = Uuid::parse(text)) beat.running->push_back(*id);
            else lost.push_back(text);
        }
    }
    for (const auto& report : body.progress) {
        const auto lease = lease_of(report.job_id, report.attempt, report.lease_token);
        if (!lease) {
            lost.push_back(report.job_id);
            continue;
        }
        jobs::RemoteProgress progress{.lease = *lease, .progress = {}, .stage = report.stage, .message = report.message,
                                      .checkpoint = report.checkpoint, .log = log_lines(report.log, beat.now)};
        if (report.progress) progress.progress = static_cast<int>(std::clamp(*report.progress, 0.0, 99.0));
        if (progress.stage) progress.stage = shortened(std::move(*progress.stage), stage_bytes_max);
        if (progress.message) progress.message = shortened(std::move(*progress.message), text_bytes_max);
        beat.progress.push_back(std::move(progress));
    }
}

namespace {

/// A line of log is an object or a string.
void describe_log(json::value& item) {
    item.at("properties").at("log").at("items") = json::object{{"anyOf", json::array{json_schema<LogReport>(), json::object{{"type", "string"}}}}};
}

}  // namespace

json::value heartbeat_schema() {
    auto schema = json_schema<Heartbeat>();
    describe_log(schema.at("properties").at("progress").at("items"));
    return schema;
}

json::value complete_schema() {
    auto schema = json_schema<Complete>();
    auto& item = schema.at("properties").at("results").at("items");
    item = json_schema<ResultItem>();
    describe_log(item);
    return schema;
}

std::vector<Issue> problems(const Complete& body) {
    if (body.results.size() <= static_cast<std::size_t>(jobs::remote_batch_max)) return {};
    return {{"/results", "out_of_range", fmt::format("expected at most {}", jobs::remote_batch_max)}};
}

ReadEndings read_endings(Services& services, const Complete& body, Instant now) {
    ReadEndings out;
    for (const auto& value : body.results) {
        auto& reply = out.replies.emplace_back(ItemReply{.job_id = job_id_in(value), .status = Verdict::invalid, .state = {}, .why = {}});
        ResultItem item;
        std::vector<Issue> issues;
        read_json(value, item, issues);
        if (!issues.empty()) {
            reply.why = issues.front().pointer + ": " + issues.front().detail;
            continue;
        }
        const auto lease = lease_of(item.job_id, item.attempt, item.lease_token);
        if (!lease) {
            reply.status = Verdict::lost;
            continue;
        }
        auto fault = fault_of(item);
        if (fault.empty() && item.related_dataset_id && !is_dataset_for(services, *item.related_dataset_id, lease->job)) {
            fault = "/related_dataset_id: there is no such dataset in the organisation of the job";
        }
        if (!fault.empty()) {
            reply.why = std::move(fault);
            continue;
        }
        out.of_reply.push_back(out.replies.size() - 1);
        out.endings.push_back(ending_of(std::move(item), *lease, now));
    }
    return out;
}

CompleteReply completed(ReadEndings read, const std::vector<std::optional<jobs::State>>& states) {
    for (std::size_t i = 0; i < states.size(); ++i) {
        auto& reply = read.replies[read.of_reply[i]];
        reply.status = states[i] ? Verdict::accepted : Verdict::lost;
        reply.state = states[i];
    }
    return {std::move(read.replies)};
}

}  // namespace millrace::api::v2
