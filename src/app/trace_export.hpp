#pragma once

#include <boost/describe/class.hpp>

#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/deadline.hpp"
#include "base/secret.hpp"
#include "http/client.hpp"
#include "http/server.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/trace.hpp"

namespace millrace::app {

struct TracingSettings {
    std::string endpoint;  ///< of an OpenTelemetry collector, http(s)://host:port; empty: no tracing
    Secret authorization;  ///< sent as the Authorization field; empty: none
    Duration interval = 5s;

    static std::vector<std::pair<std::string_view, std::string_view>> help();
    void check(std::vector<Issue>& issues) const;
};
BOOST_DESCRIBE_STRUCT(TracingSettings, (), (endpoint, authorization, interval))

/// The span of a request that was answered; within the caller's trace when it named one.
observe::Span span_of(const http::Served& served, Instant now);

/// Sends the spans of a tracer to a collector by OTLP/HTTP, from a thread of its own, until it is destroyed. A collector
/// that is away or refuses costs the spans of that time and one warning, nothing else.
class TraceExport {
public:
    TraceExport(TracingSettings settings, observe::Tracer& tracer, observe::Service service, observe::Metrics& metrics, observe::Log& log);

private:
    void run(std::stop_token stop);
    void send(const std::vector<observe::Span>& spans, Deadline deadline);

    const TracingSettings settings_;
    observe::Tracer& tracer_;
    const observe::Service service_;
    observe::Log& log_;
    const observe::Counter sent_, lost_;
    http::Client client_;  ///< of the thread
    bool warned_ = false;  ///< of the thread
    std::jthread thread_;
};

}  // namespace millrace::app
