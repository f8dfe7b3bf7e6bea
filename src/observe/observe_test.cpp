#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <boost/json/object.hpp>

#include <thread>

#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/trace.hpp"

using namespace millrace;
using namespace millrace::observe;

namespace {

BOOST_DEFINE_ENUM_CLASS(Colour, red, green)

ManualClock noon() {
    ManualClock clock;
    clock.at = *from_rfc3339("2026-11-22T12:00:00Z");
    return clock;
}

struct Pipe {
    int ends[2]{};
    Pipe() { REQUIRE(::pipe2(ends, O_CLOEXEC) == 0); }
    ~Pipe() {
        ::close(ends[0]);
        if (ends[1] >= 0) ::close(ends[1]);
    }
    /// Everything written until the other end is closed.
    std::string drain() {
        ::close(std::exchange(ends[1], -1));
        std::string all;
        char block[4096];
        for (ssize_t n = 0; (n = ::read(ends[0], block, sizeof block)) > 0;) all.append(block, static_cast<std::size_t>(n));
        return all;
    }
};

}  // namespace

TEST_CASE("a log line is one JSON object with time, level, message and fields") {
    MemorySink sink;
    const auto clock = noon();
    const Uuid id = Uuid::from_name("test", "a");
    const Log log{sink, clock};

    log.info("job settled", {{"job", id}, {"state", Colour::green}, {"ms", 12500us}, {"rows", 3}, {"ok", true}, {"ratio", 0.5},
                             {"big", ~std::uint64_t{0}}, {"code", Code::not_found}});

    REQUIRE(sink.lines().size() == 1);
    CHECK(sink.lines()[0] ==
          "{\"at\":\"2026-11-22T12:00:00.000Z\",\"level\":\"info\",\"message\":\"job settled\",\"job\":\"" + id.str() +
              "\",\"state\":\"green\",\"ms\":12.5,\"rows\":3,\"ok\":true,\"ratio\":0.5,\"big\":18446744073709551615,"
              "\"code\":\"not_found\"}\n");
}

TEST_CASE("no value can end its line or forge a field") {
    MemorySink sink;
    const auto clock = noon();
    const Log log{sink, clock};

    for (const std::string_view evil : {"a\nb", "\",\"level\":\"error", "\x1b[31m", "\r\n{\"at\":1}", "\xff\xfe", "\\"}) {
        log.warn(evil, {{evil, evil}});
    }
    log.warn("nul", {{"x", std::string_view{"a\0b", 3}}});

    REQUIRE(sink.lines().size() == 7);
    for (const auto& line : sink.lines()) {
        CAPTURE(line);
        CHECK(line.find('\n') == line.size() - 1);
        const auto object = json::parse(std::string_view{line}.substr(0, line.size() - 1)).as_object();
        CHECK(object.size() == 4);
        CHECK(object.at("level").as_string() == "warn");
    }
}

TEST_CASE("levels below the threshold are not written and bound fields always are") {
    MemorySink sink;
    const auto clock = noon();
    const auto log = Log{sink, clock, Level::warn}.with({{"worker", "w1"}});

    log.info("quiet");
    log.error("loud");
    Log{}.error("nowhere");

    REQUIRE(sink.lines().size() == 1);
    CHECK(sink.lines()[0].ends_with("\"message\":\"loud\",\"worker\":\"w1\"}\n"));
}

TEST_CASE("lines of many threads arrive whole") {
    Pipe pipe;
    const auto clock = noon();
    std::string out;
    {
        std::jthread reader;
        DescriptorSink sink{pipe.ends[1]};
        const Log log{sink, clock};
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 100; ++i) log.info("line", {{"thread", t}, {"i", i}});
            });
        }
        threads.clear();
        sink.flush();
        CHECK(sink.dropped() == 0);
    }

    out = pipe.drain();
    int count = 0;
    for (std::size_t at = 0; at < out.size(); ++count) {
        const auto end = out.find('\n', at);
        REQUIRE(end != out.npos);
        CHECK_NOTHROW(json::parse(std::string_view{out}.substr(at, end - at)));
        at = end + 1;
    }
    CHECK(count == 400);
}

TEST_CASE("a reader that stalls costs lines, which are counted, and never holds up the writer") {
    Pipe pipe;
    const std::string line = std::string(999, 'x') + "\n";
    std::uint64_t dropped = 0;
    std::string out;
    std::jthread reader;
    {
        DescriptorSink sink{pipe.ends[1], 10'000};
        for (int i = 0; i < 500; ++i) sink.write(Level::info, line);  // a pipe holds 64 KiB, and nobody reads
        dropped = sink.dropped();
        CHECK(dropped > 0);
        reader = std::jthread{[&] {
            std::string block(100'000, '\0');
            for (ssize_t n = 0; (n = ::read(pipe.ends[0], block.data(), block.size())) > 0;) {
                out.append(block, 0, static_cast<std::size_t>(n));
            }
        }};
        sink.flush();
    }
    ::close(std::exchange(pipe.ends[1], -1));
    reader.join();

    // Writing may have caught up in between, so the reports add up to the number.
    const std::string_view report = "\"message\":\"log lines dropped\",\"count\":";
    std::uint64_t reported = 0;
    for (auto at = out.find(report); at != out.npos; at = out.find(report, at + 1)) {
        reported += std::stoull(out.substr(at + report.size()));
    }
    CHECK(reported == dropped);
}

TEST_CASE("a token hash does not show the token") {
    CHECK(token_hash("secret").size() == 8);
    CHECK(token_hash("secret") == token_hash("secret"));
    CHECK(token_hash("secret") != token_hash("Secret"));
}

TEST_CASE("metrics are exposed by name, labels and value") {
    Metrics metrics;
    metrics.counter("millrace_jobs_total", "Jobs", {{"state", "failed"}}).add(2);
    metrics.counter("millrace_jobs_total", "Jobs", {{"state", "failed"}}).add();
    const auto depth = metrics.gauge("millrace_queue_jobs", "Depth");
    metrics.on_scrape([&] { depth.set(7); });
    metrics.histogram("millrace_commit_seconds", "Commit").observe(0.02);
    metrics.jobs_active_count().set(5);
    metrics.jobs_active_endpoint_latency().observe_seconds(3ms);

    const auto text = metrics.text();

    for (const std::string_view line :
         {"millrace_jobs_total{state=\"failed\"} 3\n", "millrace_queue_jobs 7\n", "jobs_active_count 5\n",
          "millrace_commit_seconds_bucket{le=\"0.025\"} 1\n", "millrace_commit_seconds_bucket{le=\"0.01\"} 0\n",
          "# TYPE jobs_active_count gauge\n", "# TYPE jobs_active_endpoint_latency histogram\n",
          "jobs_active_endpoint_latency_count 1\n"}) {
        CAPTURE(line);
        CHECK(text.contains(line));
    }
}

TEST_CASE("the metrics that dashboards know exist before anything happened") {
    const auto text = Metrics{}.text();
    CHECK(text.contains("jobs_active_count 0\n"));
    CHECK(text.contains("jobs_active_endpoint_latency_count 0\n"));
}

TEST_CASE("a metric with a name that is not ours, or of two types, is refused") {
    Metrics metrics;
    CHECK_THROWS_AS(metrics.counter("jobs_total", ""), Error);
    CHECK_THROWS_AS(metrics.counter("millrace_Jobs_total", ""), Error);
    CHECK_THROWS_AS(metrics.counter("millrace_jobs", ""), Error);
    metrics.counter("millrace_x_total", "");
    CHECK_THROWS_AS(metrics.gauge("millrace_x_total", ""), Error);
}

TEST_CASE("the parent of a trace is read as W3C Trace Context writes it") {
    const auto parent = parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    REQUIRE(parent);
    CHECK(parent->span == 0xb7ad6b7169203331);
    CHECK(parent->trace[0] == 0x0a);
    CHECK(parent->trace[15] == 0x9c);
    CHECK(parse_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-a-later-version-says"));
    for (const std::string_view bad :
         {"", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
          "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
          "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01", "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_traceparent(bad));
    }
}

TEST_CASE("spans beyond what is kept are counted, not kept") {
    Tracer tracer{true, 2};
    for (int i = 1; i <= 3; ++i) tracer.record({.id = static_cast<SpanId>(i), .name = "n"});
    CHECK(tracer.dropped() == 1);
    const auto taken = tracer.take(10, Duration{0}, {});
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].id == 1);
    CHECK(tracer.take(10, Duration{0}, {}).empty());
    Tracer off{false};
    off.record({.id = 1, .name = "n"});
    CHECK(off.take(10, Duration{0}, {}).empty());
}

TEST_CASE("spans go out as OTLP writes them in JSON") {
    Span span{.trace = {0xab}, .id = 0xf, .parent = 0x10, .kind = SpanKind::server, .name = "GET /x"};
    span.start = Instant{Duration{1'700'000'000'000'001}};
    span.end = span.start + 2ms;
    span.attributes = {{"s", json::value("t")}, {"i", json::value(std::int64_t{1} << 60)}, {"b", json::value(true)}, {"d", json::value(0.5)}};
    span.failed = true;
    span.error = "why";
    const auto body = json::parse(otlp_json(std::span{&span, 1}, {"millrace", "1", "me"}), 64);
    const auto& resource = body.at("resourceSpans").at(0);
    CHECK(resource.at("resource").at("attributes").at(0) == json::parse(R"({"key":"service.name","value":{"stringValue":"millrace"}})"));
    CHECK(resource.at("scopeSpans").at(0).at("spans").at(0) == json::parse(R"({
        "traceId":"ab000000000000000000000000000000","spanId":"000000000000000f","parentSpanId":"0000000000000010","name":"GET /x","kind":2,
        "startTimeUnixNano":"1700000000000001000","endTimeUnixNano":"1700000000002001000",
        "attributes":[{"key":"s","value":{"stringValue":"t"}},{"key":"i","value":{"intValue":"1152921504606846976"}},
                      {"key":"b","value":{"boolValue":true}},{"key":"d","value":{"doubleValue":0.5}}],
        "status":{"code":2,"message":"why"}})"));
}
