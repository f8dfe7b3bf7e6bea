#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <mutex>

#include "base/error.hpp"
#include "blobs/s3/detail/bucket.hpp"
#include "http/server.hpp"

using namespace millrace;
using namespace millrace::blobs::s3;

namespace {

constexpr const char* secret = "a-very-secret-key";

http::Response answer(int status, std::string body = {}, std::vector<std::pair<std::string, std::string>> headers = {}) {
    auto out = http::Response::text(status, std::move(body));
    for (const auto& [name, value] : headers) out.headers.set(name, value);
    return out;
}

std::string error(std::string_view code, std::string_view message = "Because.") {
    return "<?xml version=\"1.0\"?><Error><Code>" + std::string{code} + "</Code><Message>" + std::string{message} + "</Message><StringToSign>" + secret + "</StringToSign></Error>";
}

/// A service that has a bad day: gives the answers it is told, one after the other, and remembers what it was asked.
struct BadDay {
    std::mutex mutex;
    std::deque<http::Begun (*)()> answers;
    std::vector<std::string> asked;
    http::Server server;

    explicit BadDay(std::deque<http::Begun (*)()> a) : answers{std::move(a)}, server{settings(), http::Router{routes()}} { server.start(); }

    static http::Settings settings() {
        http::Settings out;
        out.listen = {"127.0.0.1:0"};
        return out;
    }

    http::Begun next(const http::Request& request) {
        const std::lock_guard lock{mutex};
        asked.push_back(request.method + " " + request.target);
        const auto make = answers.front();
        if (answers.size() > 1) answers.pop_front();
        return make();
    }

    std::vector<http::Route> routes() {
        std::vector<http::Route> out;
        for (const char* method : {"GET", "PUT", "POST", "DELETE"}) {
            for (const char* pattern : {"/bucket", "/bucket/{key...}"}) out.push_back({method, pattern, [this](const http::Request& r) { return next(r); }});
        }
        return out;
    }

    Bucket bucket(int attempts = 3) const {
        Settings s;
        s.endpoint = "http://" + server.addresses().front();
        s.bucket = "bucket";
        s.path_style = true;
        s.access_key = "key";
        s.secret_key = Secret{secret};
        s.attempts = attempts;
        s.timeout = 2s;
        return {s, observe::Log{}};
    }
};

Error thrown_by(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    }
    FAIL("nothing was thrown");
    return Error{Code::internal};
}

}  // namespace

TEST_CASE("a failure that passes is tried again, one that stays is not") {
    struct Row {
        const char* name;
        std::deque<http::Begun (*)()> answers;
        std::size_t asked;
        std::optional<Code> want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"an internal error", {[] { return http::Begun{answer(500, error("InternalError"))}; }, [] { return http::Begun{answer(200)}; }}, 2, {}},
             {"slow down", {[] { return http::Begun{answer(503, error("SlowDown"), {{"Retry-After", "0"}})}; }, [] { return http::Begun{answer(200)}; }}, 2, {}},
             {"a gateway without XML", {[] { return http::Begun{answer(502, "<html>")}; }, [] { return http::Begun{answer(200)}; }}, 2, {}},
             {"clocks apart", {[] { return http::Begun{answer(403, error("RequestTimeTooSkewed"))}; }, [] { return http::Begun{answer(200)}; }}, 2, {}},
             {"a good status for a failure", {[] { return http::Begun{answer(200, error("InternalError"))}; }, [] { return http::Begun{answer(200)}; }}, 2, {}},
             {"it stays broken", {[] { return http::Begun{answer(500, error("InternalError"))}; }}, 3, Code::storage_failed},
             {"clocks stay apart", {[] { return http::Begun{answer(403, error("RequestTimeTooSkewed"))}; }}, 2, Code::storage_failed},
             {"a wrong signature", {[] { return http::Begun{answer(403, error("SignatureDoesNotMatch"))}; }}, 1, Code::storage_failed},
             {"no space", {[] { return http::Begun{answer(507, error("XMinioStorageFull"))}; }}, 1, Code::storage_full},
             {"no bucket", {[] { return http::Begun{answer(404, error("NoSuchBucket"))}; }}, 1, Code::storage_failed},
         }) {
        CAPTURE(row.name);
        BadDay day{row.answers};
        auto bucket = day.bucket();
        Spool bytes{std::filesystem::temp_directory_path()};
        bytes.append("some bytes");

        if (row.want) CHECK(thrown_by([&] { bucket.put("key", bytes); }).code() == *row.want);
        else bucket.put("key", bytes);

        CHECK(day.asked.size() == row.asked);
        CHECK(day.asked.front() == "PUT /bucket/key");
    }
}

TEST_CASE("a refusal says what the service says, and nothing that was signed") {
    BadDay day{{[] { return http::Begun{answer(403, error("AccessDenied", "Not you."))}; }}};
    auto bucket = day.bucket();

    const auto refused = thrown_by([&] { bucket.list("x"); });
    const auto at_start = thrown_by([&] { bucket.check(); });

    CHECK(std::string{refused.what()}.contains("AccessDenied, Not you."));
    CHECK(!std::string{refused.what()}.contains(secret));
    CHECK(at_start.code() == Code::invalid_config);
    CHECK(!std::string{at_start.what()}.contains(secret));
}

TEST_CASE("a body that breaks off is read again, one that is too long or too short is none") {
    struct Row { const char* name; std::deque<http::Begun (*)()> answers; bool good; };
    constexpr auto cut = [] {
        return http::Begun{http::Download{.size = 4, .read = [](std::uint64_t offset, std::span<char> into) -> std::size_t {
                                              if (offset >= 2) throw Error{Code::internal};
                                              into[0] = into[1] = 'x';
                                              return 2;
                                          }, .status = 206}};
    };
    for (const Row& row : std::initializer_list<Row>{
             {"cut", {cut, [] { return http::Begun{answer(206, "abcd")}; }}, true},
             {"always cut", {cut}, false},
             {"the whole object", {[] { return http::Begun{answer(200, "abcdef")}; }}, false},
             {"less", {[] { return http::Begun{answer(206, "ab")}; }}, false},
         }) {
        CAPTURE(row.name);
        BadDay day{row.answers};
        auto bucket = day.bucket();
        std::string into(4, '\0');

        if (row.good) CHECK(bucket.read("key", 10, into));
        else CHECK(thrown_by([&] { bucket.read("key", 10, into); }).code() == Code::storage_failed);

        if (row.good) CHECK(into == "abcd");
    }
}

TEST_CASE("an upload that was completed by an answer nobody heard is gone, not broken") {
    BadDay day{{[] { return http::Begun{answer(404, error("NoSuchUpload"))}; }}};
    auto bucket = day.bucket();

    CHECK(!bucket.complete_parts({"key", "id", {}}, {{1, 10, "etag"}}));
    CHECK(!bucket.parts({"key", "id", {}}));
}

TEST_CASE("nobody at the address is an error of storage that says where") {
    std::string endpoint;
    {
        BadDay day{{[] { return http::Begun{answer(200)}; }}};
        endpoint = day.server.addresses().front();
    }
    Settings settings;
    settings.endpoint = "http://" + endpoint;
    settings.bucket = "bucket";
    settings.path_style = true;
    settings.attempts = 2;
    Bucket bucket{settings, observe::Log{}};

    const auto error = thrown_by([&] { bucket.list(""); });

    CHECK(error.code() == Code::storage_failed);
    CHECK(std::string{error.what()}.contains(endpoint));
}

TEST_CASE("pauses grow with jitter, end at a limit and are no shorter than asked for") {
    struct Highest final : Random {
        std::uint64_t next() override { return ~std::uint64_t{0}; }
    } random;

    CHECK(pause_before_retry(1, {}, random) <= 200ms);
    CHECK(pause_before_retry(1, {}, random) > 190ms);
    CHECK(pause_before_retry(3, {}, random) > 790ms);
    CHECK(pause_before_retry(100, {}, random) <= 5s);
    CHECK(pause_before_retry(1, 7s, random) == 7s);
    CHECK(pause_before_retry(1, 1h, random) == 30s);
}

TEST_CASE("a date of HTTP is read") {
    CHECK(read_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == from_rfc3339("1994-11-06T08:49:37Z"));
    CHECK(!read_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
    CHECK(!read_http_date(""));
}
