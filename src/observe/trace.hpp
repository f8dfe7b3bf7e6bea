#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace millrace::observe {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::uint64_t;  ///< 0: none

/// What a caller says of its own span: the `traceparent` field of W3C Trace Context.
struct TraceParent {
    TraceId trace{};
    SpanId span = 0;
};
/// Nothing when it is not well formed; the text is the caller's.
std::optional<TraceParent> parse_traceparent(std::string_view field);

/// The numbers are those of OTLP.
enum class SpanKind { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };

/// Something that took a time.
struct Span {
    TraceId trace{};
    SpanId id = 0;
    SpanId parent = 0;
    SpanKind kind = SpanKind::internal;
    std::string name;  ///< of a bounded number of names
    Instant start{};
    Instant end{};
    std::vector<std::pair<std::string, json::value>> attributes;  ///< strings, integers, floats and booleans
    bool failed = false;
    std::string error;  ///< a code or a message
};

TraceId random_trace_id();
SpanId random_span_id();

/// Spans on their way to whoever exports them: the oldest `kept_max`, what comes beyond is counted and dropped.
/// From any thread.
class Tracer {
public:
    explicit Tracer(bool on, std::size_t kept_max = 8192) : on_{on}, kept_max_{kept_max} {}

    /// Ask it before a span is made.
    bool on() const { return on_; }
    void record(Span span);
    /// Up to `count` spans, the oldest first, once there are so many or `wait` is over.
    std::vector<Span> take(std::size_t count, Duration wait, std::stop_token stop);
    std::uint64_t dropped() const;

private:
    const bool on_;
    const std::size_t kept_max_;
    mutable std::mutex mutex_;
    std::condition_variable_any came_;
    std::deque<Span> spans_;
    std::uint64_t dropped_ = 0;
};

/// Who sends the spans.
struct Service {
    std::string name;
    std::string version;
    std::string instance;
};

/// The body of an OTLP/HTTP export in JSON (opentelemetry-proto 1.x, `/v1/traces`).
std::string otlp_json(std::span<const Span> spans, const Service& service);

}  // namespace millrace::observe
