#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::observe {

/// Name and value pairs; few, and of a bounded number of values: every combination lives for ever.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Only grows. Lock-free, from any thread.
class Counter {
public:
    explicit Counter(void* child) : child_{child} {}
    void add(double by = 1) const;
    double value() const;

private:
    void* child_;
};

/// Goes up and down. Lock-free, from any thread.
class Gauge {
public:
    explicit Gauge(void* child) : child_{child} {}
    void set(double value) const;
    void add(double by) const;
    double value() const;

private:
    void* child_;
};

/// How often values fell below each bound. From any thread.
class Histogram {
public:
    explicit Histogram(void* child) : child_{child} {}
    void observe(double value) const;
    void observe_seconds(auto duration) const { observe(std::chrono::duration<double>{duration}.count()); }

private:
    void* child_;
};

/// From 1 ms to 10 s in steps of about 2.5; right for requests, commits and short stages.
const std::vector<double>& seconds_bounds();
/// From 1 s to 1 h; right for jobs.
const std::vector<double>& long_seconds_bounds();

/// All metrics of a process, exposed as text for Prometheus. Names are `millrace_<noun>_<unit>`. A handle is a value
/// that stays good as long as the Metrics; take it once and keep it, looking it up costs about 0.3 us.
class Metrics {
public:
    /// `jobs_active_count` and `jobs_active_endpoint_latency`, which dashboards know by exactly these names, exist
    /// from the start.
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// The same name and labels give the same metric. Throws Error{internal} when the name is not one of ours or
    /// stands for a metric of another type.
    Counter counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Gauge gauge(std::string_view name, std::string_view help, const Labels& labels = {});
    /// `bounds` are upper bounds in ascending order, the same for all labels of a name.
    Histogram histogram(std::string_view name, std::string_view help, const Labels& labels = {},
                        const std::vector<double>& bounds = seconds_bounds());

    Gauge jobs_active_count() const;
    Histogram jobs_active_endpoint_latency() const;  ///< seconds

    /// Called before every `text`, e.g. to set gauges from queue lengths; must be quick and touch no database.
    void on_scrape(std::function<void()> refresh);
    /// Exposition in the text format of Prometheus 0.0.4.
    std::string text() const;
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::observe
