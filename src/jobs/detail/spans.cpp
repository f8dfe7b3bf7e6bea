#include "jobs/detail/spans.hpp"

namespace millrace::jobs::detail {
namespace {

/// Every process gives the span of a job the same id: the random part of the job's own.
observe::SpanId span_of(const Uuid& job) {
    observe::SpanId id = 0;
    for (std::size_t i = 8; i < job.bytes.size(); ++i) id = (id << 8) | job.bytes[i];
    return id;
}

}  // namespace

void record_spans(observe::Tracer& tracer, const RunningAttempt& attempt, Instant now) {
    const Job& job = attempt.job();
    const auto state = attempt.settled_as();
    const auto error = attempt.error_code();
    const std::vector<std::pair<std::string, json::value>> of_job{{"millrace.job.id", json::value(job.id.str())},
                                                                  {"millrace.job.kind", json::value(job.kind)},
                                                                  {"millrace.job.queue", json::value(job.queue)},
                                                                  {"millrace.job.state", json::value(word(state))}};
    observe::Span span{.trace = job.id.bytes, .id = observe::random_span_id(), .parent = span_of(job.id), .kind = observe::SpanKind::consumer};
    span.name = "attempt " + job.kind;
    span.start = attempt.started();
    span.end = now;
    span.attributes = of_job;
    span.attributes.emplace_back("millrace.job.attempt", job.attempt);
    span.failed = !error.empty();
    span.error = error;

    const auto stages = attempt.stages();
    for (std::size_t i = 0; i < stages.size(); ++i) {
        tracer.record({.trace = span.trace,
                       .id = observe::random_span_id(),
                       .parent = span.id,
                       .name = "stage " + stages[i].first,
                       .start = stages[i].second,
                       .end = i + 1 < stages.size() ? stages[i + 1].second : now});
    }
    tracer.record(span);
    if (!is_terminal(state)) return;
    span.id = std::exchange(span.parent, 0);
    span.kind = observe::SpanKind::internal;
    span.name = "job " + job.kind;
    span.start = job.created_at;
    span.attributes = of_job;
    tracer.record(std::move(span));
}

}  // namespace millrace::jobs::detail
