#include "observe/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hash.hpp"
#include "base/random.hpp"

namespace millrace::observe {
namespace {

std::optional<std::uint64_t> hex(std::string_view text) {
    std::uint64_t value = 0;
    const bool lower = std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (!lower || std::from_chars(text.data(), text.data() + text.size(), value, 16).ec != std::errc{}) return std::nullopt;
    return value;
}

std::string hex_of(SpanId id) { return id == 0 ? std::string{} : fmt::format("{:016x}", id); }

std::string nanoseconds(Instant at) { return std::to_string(std::chrono::nanoseconds{at.time_since_epoch()}.count()); }

/// Integers are text in the JSON of protobuf.
json::object any_value(const json::value& value) {
    if (value.is_bool()) return {{"boolValue", value}};
    if (value.is_double()) return {{"doubleValue", value}};
    if (value.is_int64()) return {{"intValue", std::to_string(value.as_int64())}};
    if (value.is_uint64()) return {{"intValue", std::to_string(value.as_uint64())}};
    return {{"stringValue", value}};
}

json::object attribute(std::string_view key, const json::value& value) { return {{"key", key}, {"value", any_value(value)}}; }

json::object otlp_span(const Span& span) {
    json::array attributes;
    for (const auto& [key, value] : span.attributes) attributes.push_back(attribute(key, value));
    json::object out{{"traceId", to_hex({reinterpret_cast<const char*>(span.trace.data()), span.trace.size()})},
                     {"spanId", hex_of(span.id)},
                     {"parentSpanId", hex_of(span.parent)},
                     {"name", span.name},
                     {"kind", static_cast<int>(span.kind)},
                     {"startTimeUnixNano", nanoseconds(span.start)},
                     {"endTimeUnixNano", nanoseconds(span.end)},
                     {"attributes", std::move(attributes)}};
    if (span.failed) out["status"] = json::object{{"code", 2}, {"message", span.error}};
    return out;
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view field) {
    // Version, trace, span, flags. A later version may have more behind them; ff is none.
    constexpr std::size_t length = 55;
    if (field.size() < length || field[2] != '-' || field[35] != '-' || field[52] != '-') return std::nullopt;
    const auto version = hex(field.substr(0, 2));
    const auto high = hex(field.substr(3, 16)), low = hex(field.substr(19, 16)), span = hex(field.substr(36, 16));
    if (!version || *version == 0xff || !high || !low || !span || !hex(field.substr(53, 2))) return std::nullopt;
    if (*version == 0 ? field.size() != length : field.size() > length && field[length] != '-') return std::nullopt;
    if ((*high == 0 && *low == 0) || *span == 0) return std::nullopt;
    TraceParent out{.trace = {}, .span = *span};
    for (std::size_t i = 0; i < 8; ++i) {
        out.trace[i] = static_cast<std::uint8_t>(*high >> (56 - 8 * i));
        out.trace[8 + i] = static_cast<std::uint8_t>(*low >> (56 - 8 * i));
    }
    return out;
}

TraceId random_trace_id() {
    TraceId id;
    fill_random(id);
    return id;
}

SpanId random_span_id() { return SystemRandom{}.next() | 1; }

void Tracer::record(Span span) {
    if (!on_) return;
    const std::lock_guard lock{mutex_};
    if (spans_.size() >= kept_max_) {
        ++dropped_;
        return;
    }
    spans_.push_back(std::move(span));
    came_.notify_one();
}

std::vector<Span> Tracer::take(std::size_t count, Duration wait, std::stop_token stop) {
    std::unique_lock lock{mutex_};
    came_.wait_for(lock, stop, wait, [&] { return spans_.size() >= count; });
    const auto end = spans_.begin() + static_cast<std::ptrdiff_t>(std::min(count, spans_.size()));
    std::vector<Span> out{std::make_move_iterator(spans_.begin()), std::make_move_iterator(end)};
    spans_.erase(spans_.begin(), end);
    return out;
}

std::uint64_t Tracer::dropped() const {
    const std::lock_guard lock{mutex_};
    return dropped_;
}

std::string otlp_json(std::span<const Span> spans, const Service& service) {
    json::array list;
    for (const auto& span : spans) list.push_back(otlp_span(span));
    const json::array resource{attribute("service.name", json::value(service.name)), attribute("service.version", json::value(service.version)),
                               attribute("service.instance.id", json::value(service.instance))};
    const json::object scope{{"scope", {{"name", service.name}, {"version", service.version}}}, {"spans", std::move(list)}};
    return json::serialize(json::object{
        {"resourceSpans", json::array{json::object{{"resource", {{"attributes", resource}}}, {"scopeSpans", json::array{scope}}}}}});
}

}  // namespace millrace::observe
