#include "observe/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

#include "base/error.hpp"

namespace millrace::observe {
namespace {

constexpr std::string_view active_count = "jobs_active_count";
constexpr std::string_view active_latency = "jobs_active_endpoint_latency";

std::map<std::string, std::string> as_map(const Labels& labels) { return {labels.begin(), labels.end()}; }

[[noreturn]] void refuse(std::string_view name, std::string why) {
    throw Error{Code::internal, {{"metric", std::string{name}}, {"why", std::move(why)}}};
}

void check_name(std::string_view name) {
    if (name == active_count || name == active_latency) return;
    const auto prefix = std::string_view{"millrace_"};
    const bool ours = name.starts_with(prefix) && name.substr(prefix.size()).contains('_');
    const bool clean = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos;
    if (!ours || !clean) refuse(name, "not named millrace_<noun>_<unit>");
}

/// The family of a name, made at its first use. A second type under one name throws inside prometheus.
template <class Build>
auto& family(prometheus::Registry& registry, Build build, std::string_view name, std::string_view help) {
    check_name(name);
    try {
        return build().Name(std::string{name}).Help(std::string{help}).Register(registry);
    } catch (const std::exception& error) {
        refuse(name, error.what());
    }
}

}  // namespace

void Counter::add(double by) const { static_cast<prometheus::Counter*>(child_)->Increment(by); }
double Counter::value() const { return static_cast<prometheus::Counter*>(child_)->Value(); }
void Gauge::set(double value) const { static_cast<prometheus::Gauge*>(child_)->Set(value); }
void Gauge::add(double by) const { static_cast<prometheus::Gauge*>(child_)->Increment(by); }
double Gauge::value() const { return static_cast<prometheus::Gauge*>(child_)->Value(); }
void Histogram::observe(double value) const { static_cast<prometheus::Histogram*>(child_)->Observe(value); }

const std::vector<double>& seconds_bounds() {
    static const std::vector<double> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    return bounds;
}

const std::vector<double>& long_seconds_bounds() {
    static const std::vector<double> bounds{1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600};
    return bounds;
}

struct Metrics::State {
    prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
    std::mutex mutex;
    std::vector<std::function<void()>> refreshers;
    Gauge active{nullptr};
    Histogram latency{nullptr};
};

Metrics::Metrics() : state_{std::make_unique<State>()} {
    state_->active = gauge(active_count, "Jobs that are not finished");
    state_->latency = histogram(active_latency, "Seconds to answer GET /api/v2/jobs/active");
}

Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
    return Counter{&family(state_->registry, prometheus::BuildCounter, name, help).Add(as_map(labels))};
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
    return Gauge{&family(state_->registry, prometheus::BuildGauge, name, help).Add(as_map(labels))};
}

Histogram Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels,
                             const std::vector<double>& bounds) {
    return Histogram{&family(state_->registry, prometheus::BuildHistogram, name, help).Add(as_map(labels), bounds)};
}

Gauge Metrics::jobs_active_count() const { return state_->active; }
Histogram Metrics::jobs_active_endpoint_latency() const { return state_->latency; }

void Metrics::on_scrape(std::function<void()> refresh) {
    const std::lock_guard lock{state_->mutex};
    state_->refreshers.push_back(std::move(refresh));
}

std::string Metrics::text() const {
    {
        const std::lock_guard lock{state_->mutex};
        for (const auto& refresh : state_->refreshers) refresh();
    }
    return prometheus::TextSerializer{}.Serialize(state_->registry.Collect());
}

}  // namespace millrace::observe
