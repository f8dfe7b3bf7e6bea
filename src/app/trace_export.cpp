#include "app/trace_export.hpp"

#include "work/thread_name.hpp"

namespace millrace::app {
namespace {

constexpr std::size_t spans_of_one_request = 512;
constexpr Duration answered_within = 10s;
constexpr Duration last_words = 2s;  ///< for all that is left at the end

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> TracingSettings::help() {
    return {{"endpoint", "OpenTelemetry collector to send traces to by OTLP/HTTP, e.g. http://localhost:4318; empty: none"},
            {"authorization", "Authorization field sent to it"},
            {"interval", "how often spans are sent"}};
}

void TracingSettings::check(std::vector<Issue>& issues) const {
    if (!endpoint.empty() && !endpoint.starts_with("http://") && !endpoint.starts_with("https://")) {
        issues.push_back({"endpoint", "invalid", "expected http://host:port or https://host:port"});
    }
    if (interval < 100ms) issues.push_back({"interval", "out_of_range", "it is at least 100ms"});
}

observe::Span span_of(const http::Served& served, Instant now) {
    observe::Span span{.trace = {}, .id = observe::random_span_id(), .kind = observe::SpanKind::server};
    if (const auto parent = observe::parse_traceparent(served.traceparent)) {
        span.trace = parent->trace;
        span.parent = parent->span;
    } else {
        span.trace = observe::random_trace_id();
    }
    span.name = std::string{served.method} + (served.route.empty() ? "" : " ") + std::string{served.route};
    span.start = now - std::chrono::duration_cast<Duration>(std::chrono::duration<double>{served.seconds});
    span.end = now;
    span.attributes = {{"http.request.method", json::value(served.method)},
                       {"http.route", json::value(served.route)},
                       {"http.response.status_code", json::value(served.status)},
                       {"http.request.body.size", json::value(served.bytes_in)},
                       {"http.response.body.size", json::value(served.bytes_out)},
                       {"client.address", json::value(served.remote)},
                       {"millrace.request_id", json::value(served.request_id)}};
    span.failed = served.status >= 500;
    return span;
}

TraceExport::TraceExport(TracingSettings settings, observe::Tracer& tracer, observe::Service service, observe::Metrics& metrics, observe::Log& log)
    : settings_{std::move(settings)},
      tracer_{tracer},
      service_{std::move(service)},
      log_{log},
      sent_{metrics.counter("millrace_spans_sent_total", "Spans that the collector took")},
      lost_{metrics.counter("millrace_spans_lost_total", "Spans that a collector did not take")} {
    const auto dropped = metrics.gauge("millrace_spans_dropped_count", "Spans that came faster than they could be sent");
    metrics.on_scrape([dropped, &tracer] { dropped.set(static_cast<double>(tracer.dropped())); });
    if (tracer_.on()) thread_ = std::jthread{[this](std::stop_token stop) { run(stop); }};
}

void TraceExport::run(std::stop_token stop) {
    work::name_this_thread("traces");
    while (!stop.stop_requested()) {
        const auto spans = tracer_.take(spans_of_one_request, settings_.interval, stop);
        if (!spans.empty()) send(spans, in(answered_within));
    }
    const auto end = in(last_words);
    while (true) {
        const auto left = tracer_.take(spans_of_one_request, Duration{0}, {});
        if (left.empty()) return;
        send(left, end);
    }
}

void TraceExport::send(const std::vector<observe::Span>& spans, Deadline deadline) {
    std::string why;
    try {
        http::ClientRequest request{.method = "POST", .url = settings_.endpoint + "/v1/traces"};
        request.headers.add("Content-Type", "application/json");
        if (!settings_.authorization.empty()) request.headers.add("Authorization", settings_.authorization.expose());
        request.body = otlp_json(spans, service_);
        request.body_bytes_kept = 4096;
        request.deadline = deadline;
        const auto answer = client_.send(request);
        if (answer.status / 100 == 2) {
            sent_.add(static_cast<double>(spans.size()));
            warned_ = false;
            return;
        }
        why = "it answers " + std::to_string(answer.status);
    } catch (const Error& error) {
        why = error.what();
    }
    lost_.add(static_cast<double>(spans.size()));
    if (!std::exchange(warned_, true)) log_.warn("the collector of traces took no spans", {{"endpoint", settings_.endpoint}, {"why", why}});
}

}  // namespace millrace::app
