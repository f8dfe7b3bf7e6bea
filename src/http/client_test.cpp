#include "http/client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "http/server.hpp"

using namespace millrace;
using namespace millrace::http;

namespace {

/// Counts what it is sent and answers with the number and the last byte.
struct CountingSink final : BodySink {
    std::uint64_t count = 0;
    char last = 0;
    void write(std::span<const char> block) override {
        count += block.size();
        last = block.back();
    }
    Answer finish() override { return Response::text(200, std::to_string(count) + last); }
    void abort(const Error&) noexcept override {}
};

struct EndlessSource final : StreamSource {
    void on_ready(Wake wake) override { wake(); }
    Pull next(std::string& out, std::size_t, bool) override {
        out += "data: tick\n\n";
        return ++count_ % 4 == 0 ? Pull::idle : Pull::text;
    }
    int count_ = 0;
};

struct Fixture {
    Server server;
    std::string url;
    Client client;

    Fixture()
        : server{settings(), Router{{
              {"GET", "/hello/{name}", [](const Request& r) { return Response::text(200, "hello " + std::string{r.param("name")}); }},
              {"GET", "/header", [](const Request& r) { return Response::text(200, std::string{r.headers.get("x-note")}); }},
              {"PUT", "/count", [](const Request&) -> Begun { return std::make_unique<CountingSink>(); }, Lane::files},
              {"POST", "/count", [](const Request&) -> Begun { return std::make_unique<CountingSink>(); }, Lane::files},
              {"PUT", "/refuse", [](const Request&) -> Begun { throw Error{Code::payload_too_large, {{"limit", "1"}}}; }},
              {"POST", "/expects", [](const Request& r) { return Response::text(200, r.headers.has("expect") ? "yes" : "no"); }},
              {"GET", "/long", [](const Request&) { return Response::text(404, std::string(100'000, 'x')); }},
              {"GET", "/stream", [](const Request&) -> Begun { return EventStream{std::make_unique<EndlessSource>(), {}}; }},
          }}} {
        server.start();
        url = "http://" + server.addresses().front();
    }

    static Settings settings() {
        Settings s;
        s.listen = {"127.0.0.1:0"};
        return s;
    }
};

Code code_of(auto&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.code();
    }
    FAIL("nothing was thrown");
    return Code::internal;
}

}  // namespace

TEST_CASE("a request is answered with status, headers and body, on a kept connection") {
    Fixture f;
    for (int i = 0; i < 3; ++i) {
        const auto got = f.client.send({.url = f.url + "/hello/" + encode_segment("a b/ü")});
        CHECK(got.status == 400);  // an encoded slash is refused by the server
        const auto fine = f.client.send({.url = f.url + "/hello/" + encode_segment("a b ü")});
        CHECK(fine.status == 200);
        CHECK(fine.body == "hello a b ü");
        CHECK(fine.headers.has("x-content-type-options"));
    }
    ClientRequest request{.url = f.url + "/header"};
    request.headers.add("X-Note", "this; and that");
    CHECK(f.client.send(request).body == "this; and that");
    CHECK(f.server.counts().connections <= 2);
}

TEST_CASE("a body is read in pieces and never held as a whole") {
    Fixture f;
    constexpr std::uint64_t size = 5'000'000;
    std::size_t piece_max = 0;
    std::uint64_t expected = 0;
    ClientRequest request{.method = "PUT", .url = f.url + "/count"};
    request.body_size = size;
    request.read_body = [&](std::uint64_t offset, std::span<char> into) {
        CHECK(offset == expected);
        const auto count = std::min<std::uint64_t>(into.size(), size - offset);
        std::fill_n(into.begin(), count, 'z');
        piece_max = std::max(piece_max, into.size());
        expected += count;
        return static_cast<std::size_t>(count);
    };
    CHECK(f.client.send(request).body == "5000000z");
    CHECK(piece_max <= 1 << 20);

    expected = 0;
    request.body_size.reset();
    CHECK(f.client.send(request).body == "5000000z");
}

TEST_CASE("a small body and an empty one are sent with their length") {
    Fixture f;
    CHECK(f.client.send({.method = "POST", .url = f.url + "/count", .body = "abc"}).body == "3c");
    CHECK(f.client.send({.method = "POST", .url = f.url + "/count"}).status == 200);
}

TEST_CASE("an early refusal of a large body is an answer, not a broken connection") {
    Fixture f;
    ClientRequest request{.method = "PUT", .url = f.url + "/refuse"};
    request.body_size = 64 << 20;
    std::uint64_t sent = 0;
    request.read_body = [&](std::uint64_t, std::span<char> into) {
        sent += into.size();
        return into.size();
    };
    CHECK(f.client.send(request).status == 413);
    CHECK(sent < 64 << 20);
}

TEST_CASE("a stream is taken block by block until the taker has enough") {
    Fixture f;
    ClientRequest request{.url = f.url + "/stream"};
    std::string seen;
    request.on_body = [&](std::string_view block) {
        seen += block;
        return seen.find("data: tick") == seen.npos;
    };
    const auto got = f.client.send(request);
    CHECK(got.status == 200);
    CHECK(got.body.empty());
    CHECK(seen.find("data: tick") != seen.npos);
    CHECK(f.client.send({.url = f.url + "/hello/x"}).body == "hello x");
}

TEST_CASE("a request ends by its deadline, by its stop token, by silence and by what its functions throw") {
    Fixture f;
    ClientRequest request{.url = f.url + "/stream"};
    int blocks = 0;
    request.on_body = [&](std::string_view) { return ++blocks > 0; };

    request.deadline = in(20ms);
    CHECK(code_of([&] { f.client.send(request); }) == Code::timed_out);

    request.deadline.reset();
    request.idle_timeout = 20ms;
    CHECK(code_of([&] { f.client.send(request); }) == Code::unreachable);

    request.idle_timeout = 60s;
    std::stop_source stop;
    request.stop = stop.get_token();
    request.on_body = [&](std::string_view) {
        stop.request_stop();
        return true;
    };
    CHECK(code_of([&] { f.client.send(request); }) == Code::interrupted);

    request.stop = {};
    request.on_body = [&](std::string_view) -> bool { throw Error{Code::not_text}; };
    CHECK(code_of([&] { f.client.send(request); }) == Code::not_text);
}

TEST_CASE("a server that is not there is unreachable, with the reason") {
    Client client;
    try {
        client.send({.url = "http://127.0.0.1:1/"});
        FAIL("there was an answer");
    } catch (const Error& error) {
        CHECK(error.code() == Code::unreachable);
        CHECK(*error.arg("url") == "http://127.0.0.1:1/");
        CHECK(!error.arg("why")->empty());
    }
    CHECK(code_of([&] { client.send({.url = "file:///etc/passwd"}); }) == Code::unreachable);
}

TEST_CASE("a connection is opened to the address that was judged, and to no other") {
    Fixture f;
    std::vector<std::string> judged;
    std::string verdict = "it is not for you";
    const auto judge = [&](std::string_view address) {
        judged.emplace_back(address);
        return verdict;
    };
    auto by_name = f.url;
    by_name.replace(by_name.find("127.0.0.1"), 9, "localhost");

    CHECK(code_of([&] { f.client.send({.url = by_name + "/hello/x", .judge_address = judge}); }) == Code::address_refused);
    CHECK(std::ranges::find(judged, "127.0.0.1") != judged.end());
    CHECK(code_of([&] { f.client.send({.url = f.url + "/hello/x", .judge_address = judge}); }) == Code::address_refused);
    verdict.clear();
    judged.clear();
    CHECK(f.client.send({.url = f.url + "/hello/x", .judge_address = judge}).body == "hello x");
    CHECK(judged == std::vector<std::string>{"127.0.0.1"});
    CHECK(f.client.send({.url = f.url + "/hello/y", .judge_address = judge}).body == "hello y");
    CHECK(judged.size() == 1);  // kept since it was judged
}

TEST_CASE("a refused address is told apart from a server that is away") {
    Client client;
    const auto allow = [](std::string_view) { return std::string{}; };

    CHECK(code_of([&] { client.send({.url = "http://127.0.0.1:1/", .judge_address = allow}); }) == Code::unreachable);
}

TEST_CASE("no more of an answer is kept than asked for") {
    Fixture f;
    const auto cut = f.client.send({.url = f.url + "/long", .body_bytes_kept = 10});
    CHECK(cut.status == 404);
    CHECK(cut.body == std::string(10, 'x'));
    CHECK(f.client.send({.url = f.url + "/hello/a", .body_bytes_kept = 100}).body == "hello a");
    CHECK(f.client.send({.url = f.url + "/long"}).body.size() == 100'000);
}

TEST_CASE("a small body is sent without asking first") {
    Fixture f;
    CHECK(f.client.send({.method = "POST", .url = f.url + "/expects", .body = "x"}).body == "no");
}
