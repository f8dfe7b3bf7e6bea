#include "http/server.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/hash.hpp"
#include "http/detail/test_client.hpp"

using namespace millrace;
using namespace millrace::http;
using detail::TestClient;

namespace {

Settings test_settings() {
    Settings settings;
    settings.listen = {"127.0.0.1:0"};
    settings.io_threads = 2;
    settings.rate_limit = 0;
    return settings;
}

/// What the handlers of a test have seen, with waiting for it.
struct Seen {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, std::string> values;

    void set(const std::string& key, std::string value) {
        const std::lock_guard lock{mutex};
        values[key] = std::move(value);
        changed.notify_all();
    }
    std::string wait(const std::string& key) {
        std::unique_lock lock{mutex};
        changed.wait_for(lock, 10s, [&] { return values.contains(key); });
        return values[key];
    }
};

struct HashSink final : BodySink {
    explicit HashSink(Seen& to) : seen{to} {}
    void write(std::span<const char> block) override {
        hash.update({block.data(), block.size()});
        bytes += block.size();
        blocks_max = std::max(blocks_max, block.size());
    }
    Answer finish() override {
        return Response::text(201, std::to_string(bytes) + ' ' + to_hex(hash.finish()) + ' ' + std::to_string(blocks_max));
    }
    void abort(const Error& reason) noexcept override {
        seen.set("abort", std::string{to_string(reason.code())} + ' ' + std::to_string(bytes));
    }
    Seen& seen;
    Sha256 hash;
    std::size_t bytes = 0, blocks_max = 0;
};

std::vector<Route> basic_routes(Seen& seen) {
    std::vector<Route> routes{
        {"GET", "/hello/{name}", [](const Request& r) { return Response::json(200, "{\"name\":\"" + std::string{r.param("name")} + "\"}"); }},
        {"GET", "/inline", [](const Request&) { return Response::text(200, "pure"); }, Lane::reads, true},
        {"PUT", "/upload", [&](const Request&) { return std::make_unique<HashSink>(seen); }, Lane::files},
        {"POST", "/json", [](const Request& r) {
             return collect(r, 100, [](std::string body) { return Answer{Response::text(200, "got " + body)}; });
         }},
        {"PUT", "/locked", [](const Request&) -> Begun { throw Error{Code::unauthorized}; }},
        {"GET", "/broken", [](const Request&) -> Begun { throw std::runtime_error{"secret detail"}; }},
        {"GET", "/taken", [](const Request&) -> Begun {
             throw Error{Code::duplicate, {{"existing_dataset_id", "d1"}, {"job_id", "j1"}}};
         }},
    };
    return routes;
}

struct Fixture {
    explicit Fixture(Settings settings = test_settings(), std::vector<Route> more = {}, Hooks hooks = {}) {
        auto routes = basic_routes(seen);
        for (auto& route : more) routes.push_back(std::move(route));
        server.emplace(std::move(settings), Router{std::move(routes)}, std::move(hooks));
        server->start();
    }
    std::uint16_t port() const { return server->port(); }

    Seen seen;
    std::optional<Server> server;
};

std::string get(std::string_view target, std::string_view fields = {}) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: t\r\n" + std::string{fields} + "\r\n";
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (char& c : text) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    return text;
}

}  // namespace

TEST_CASE("a request is answered with the fields every answer has") {
    Fixture fixture;
    TestClient client{fixture.port()};

    const auto answer = client.ask(get("/hello/w%C3%B6rld", "X-Request-Id: abc-1\r\n"));

    CHECK(answer.status == 200);
    CHECK(answer.body == "{\"name\":\"wörld\"}");
    CHECK(answer.header("content-type") == "application/json");
    CHECK(answer.header("x-content-type-options") == "nosniff");
    CHECK(answer.header("cache-control") == "no-store");
    CHECK(answer.header("x-request-id") == "abc-1");
    CHECK(answer.header("date").size() == 29);
    CHECK(answer.header("connection").empty());
}

TEST_CASE("a connection serves many requests, also pipelined ones, in order") {
    Fixture fixture;
    TestClient client{fixture.port()};

    std::string burst;
    for (int i = 0; i < 200; ++i) burst += get(i % 3 == 0 ? "/inline" : "/hello/" + std::to_string(i));
    client.send(burst);

    for (int i = 0; i < 200; ++i) {
        CAPTURE(i);
        const auto answer = client.read();
        REQUIRE(answer.status == 200);
        REQUIRE(answer.body == (i % 3 == 0 ? "pure" : "{\"name\":\"" + std::to_string(i) + "\"}"));
    }
}

TEST_CASE("a connection ends when one side wants it to") {
    struct Row { const char* name; std::string request; bool stays; };
    for (const Row& row : std::initializer_list<Row>{
             {"1.1", "GET /inline HTTP/1.1\r\nHost: t\r\n\r\n", true},
             {"1.1 close", "GET /inline HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", false},
             {"1.0", "GET /inline HTTP/1.0\r\n\r\n", false},
             {"1.0 keep-alive", "GET /inline HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
         }) {
        CAPTURE(row.name);
        Fixture fixture;
        TestClient client{fixture.port()};
        const auto answer = client.ask(row.request);
        CHECK(answer.status == 200);
        CHECK(answer.header("connection") != (row.stays ? "close" : "keep-alive"));
        if (row.stays) CHECK(client.ask(row.request).status == 200);
        else CHECK(client.closed());
    }
}

TEST_CASE("what no route takes is answered without one") {
    Fixture fixture;
    TestClient client{fixture.port()};

    const auto missing = client.ask(get("/nowhere", "Accept-Language: nl\r\n"));
    CHECK(missing.status == 404);
    CHECK(missing.header("content-type") == "application/problem+json");
    CHECK(missing.header("content-language") == "nl");
    CHECK(missing.body.find("\"code\":\"not_found\"") != std::string::npos);

    const auto wrong = client.ask("DELETE /json HTTP/1.1\r\nHost: t\r\n\r\n");
    CHECK(wrong.status == 405);
    CHECK(wrong.header("allow") == "OPTIONS, POST");

    const auto options = client.ask("OPTIONS /inline HTTP/1.1\r\nHost: t\r\n\r\n");
    CHECK(options.status == 204);
    CHECK(options.header("allow") == "GET, HEAD, OPTIONS");
    CHECK(options.header("content-length").empty());

    CHECK(client.ask("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n").status == 204);
    CHECK(client.ask(get("/a/%2e%2e/b")).status == 400);
    CHECK(client.ask(get("http://t/inline")).body == "pure");
    const auto head = client.ask("HEAD /inline HTTP/1.1\r\nHost: t\r\n\r\n", true);
    CHECK(head.status == 200);
    CHECK(head.header("content-length") == "4");
    CHECK(client.ask(get("/inline")).body == "pure");
}

TEST_CASE("an error becomes a problem document, an unknown one without its text") {
    std::string logged;
    Hooks hooks;
    hooks.on_error = [&](std::string_view, const Error::Args& fields) { logged = fields.back().second; };
    Fixture fixture{test_settings(), {}, hooks};
    TestClient client{fixture.port()};

    const auto broken = client.ask(get("/broken"));
    CHECK(broken.status == 500);
    CHECK(broken.body.find("secret") == std::string::npos);
    CHECK(logged == "secret detail");

    const auto taken = client.ask(get("/taken"));
    CHECK(taken.status == 409);
    CHECK(taken.body.find("\"existing_dataset_id\":\"d1\"") != std::string::npos);
    CHECK(taken.body.find("\"job_id\":\"j1\"") != std::string::npos);
}

TEST_CASE("an upload reaches its sink whole, however it is sent") {
    Fixture fixture;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5000}, std::size_t{70'000}, std::size_t{3'000'001}}) {
        const auto body = pattern(size);
        const auto want = std::to_string(size) + ' ' + to_hex(sha256(body));
        for (const bool chunked : {false, true}) {
            CAPTURE(size);
            CAPTURE(chunked);
            TestClient client{fixture.port()};
            std::string wire = "PUT /upload HTTP/1.1\r\nHost: t\r\n";
            if (chunked) {
                wire += "Transfer-Encoding: chunked\r\n\r\n";
                for (std::size_t at = 0; at < size; at += 10'000) {
                    const auto piece = std::string_view{body}.substr(at, 10'000);
                    char head[32];
                    std::snprintf(head, sizeof head, "%zx\r\n", piece.size());
                    wire += head;
                    wire += piece;
                    wire += "\r\n";
                }
                wire += "0\r\n\r\n";
            } else {
                wire += "Content-Length: " + std::to_string(size) + "\r\n\r\n" + body;
            }
            wire += get("/inline");
            client.send(wire);
            const auto answer = client.read();
            CHECK(answer.status == 201);
            CHECK(answer.body.starts_with(want));
            CHECK(std::stoul(answer.body.substr(answer.body.rfind(' '))) <= 256 * 1024);
            CHECK(client.read().body == "pure");
        }
    }
}

TEST_CASE("a body is collected up to its limit") {
    Fixture fixture;
    TestClient client{fixture.port()};

    CHECK(client.ask("POST /json HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}").body == "got {}");
    const auto announced = client.ask("POST /json HTTP/1.1\r\nHost: t\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'));
    CHECK(announced.status == 413);
    CHECK(client.ask(get("/inline")).body == "pure");  // a small refused body is read away
    const auto chunked = client.ask("POST /json HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n");
    CHECK(chunked.status == 413);
}

TEST_CASE("an early refusal of a large body is delivered, then the connection ends") {
    Fixture fixture;
    TestClient client{fixture.port()};
    client.send("PUT /locked HTTP/1.1\r\nHost: t\r\nContent-Length: 900000000\r\n\r\n" + std::string(100'000, 'x'));

    const auto answer = client.read();

    CHECK(answer.status == 401);
    CHECK(answer.header("www-authenticate") == "Bearer");
    CHECK(answer.header("connection") == "close");
    CHECK(client.closed());
}

TEST_CASE("100-continue is sent only to a body that is wanted") {
    Fixture fixture;
    const std::string expect = "Host: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";

    TestClient wanted{fixture.port()};
    CHECK(wanted.ask("PUT /upload HTTP/1.1\r\n" + expect).status == 100);
    CHECK(wanted.ask("abc").body.starts_with("3 "));
    CHECK(wanted.ask(get("/inline")).body == "pure");

    TestClient refused{fixture.port()};
    CHECK(refused.ask("PUT /locked HTTP/1.1\r\n" + expect).status == 401);
    CHECK(refused.closed());

    TestClient strange{fixture.port()};
    CHECK(strange.ask("PUT /upload HTTP/1.1\r\nHost: t\r\nExpect: magic\r\n\r\n").status == 417);
}

TEST_CASE("a sink is told when its body will not be complete") {
    struct Row { const char* name; std::string bytes; bool leave; std::string_view abort; int status; };
    auto settings = test_settings();
    settings.body_idle_timeout = 150ms;
    for (const Row& row : std::initializer_list<Row>{
             {"left", "PUT /upload HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc", true, "upload_aborted 3", 400},
             {"slow", "PUT /upload HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc", false, "request_timeout 3", 408},
             {"broken", "PUT /upload HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", false, "bad_request 3", 400},
         }) {
        CAPTURE(row.name);
        Fixture fixture{settings};
        TestClient client{fixture.port()};
        client.send(row.bytes);
        if (row.leave) client.half_close();
        CHECK(fixture.seen.wait("abort") == row.abort);
        CHECK(client.read().status == row.status);
        CHECK(client.closed());
    }
}

TEST_CASE("a slow head is answered with 408, an idle connection is closed without a word") {
    auto settings = test_settings();
    settings.head_timeout = 100ms;
    settings.keepalive_timeout = 100ms;
    Fixture fixture{settings};

    TestClient slow{fixture.port()};
    slow.send("GET /inline HTT");
    CHECK(slow.read().status == 408);
    CHECK(slow.closed());

    TestClient silent{fixture.port()};
    CHECK(silent.closed());

    TestClient idle{fixture.port()};
    CHECK(idle.ask(get("/inline")).status == 200);
    CHECK(idle.closed());
}

TEST_CASE("an impossible byte ends the connection at once") {
    Fixture fixture;
    TestClient client{fixture.port()};

    const auto answer = client.ask("GET /x HTTP/1.1\r\nHost : t");

    CHECK(answer.status == 400);
    CHECK(answer.header("connection") == "close");
    CHECK(client.closed());
}

TEST_CASE("heads beyond the limits are refused") {
    Fixture fixture;
    struct Row { const char* name; std::string bytes; int status; };
    std::string fields;
    for (int i = 0; i < 101; ++i) fields += "a: b\r\n";
    for (const Row& row : std::initializer_list<Row>{
             {"target", "GET /" + std::string(40'000, 'a'), 414},
             {"field", "GET / HTTP/1.1\r\na: " + std::string(40'000, 'a'), 431},
             {"fields", "GET / HTTP/1.1\r\n" + fields, 431},
         }) {
        CAPTURE(row.name);
        TestClient client{fixture.port()};
        CHECK(client.ask(row.bytes).status == row.status);
        CHECK(client.closed());
    }
}

TEST_CASE("an address that asks too often is told to wait") {
    auto settings = test_settings();
    settings.rate_limit = 5;
    Fixture fixture{settings};
    TestClient client{fixture.port()};

    std::map<int, int> statuses;
    TestClient::Answer last;
    for (int i = 0; i < 8; ++i) {
        last = client.ask(get("/inline"));
        ++statuses[last.status];
    }

    CHECK(statuses[200] >= 5);
    CHECK(statuses[429] >= 1);
    CHECK(last.status == 429);
    CHECK(last.header("retry-after") == "1");
}

TEST_CASE("fields that a request was given go with its answer, whatever that comes to") {
    struct Silent final : StreamSource {
        void on_ready(Wake) override {}
        Pull next(std::string&, std::size_t, bool) override { return Pull::end; }
    };
    using Then = std::function<Begun(const Request&)>;
    const std::vector<std::pair<std::string, Then>> cases{
        {"response", [](const Request&) -> Begun { return Response::text(200, "a"); }},
        {"error", [](const Request&) -> Begun { throw Error{Code::forbidden}; }},
        {"body", [](const Request& r) -> Begun { return collect(r, 10, [](std::string) -> Answer { throw Error{Code::invalid_json}; }); }},
        {"download", [](const Request&) -> Begun { return Download{.size = 0, .read = {}}; }},
        {"stream", [](const Request&) -> Begun { return EventStream{std::make_unique<Silent>(), {}}; }},
    };
    std::vector<Route> routes;
    for (const auto& [name, then] : cases) {
        routes.push_back({"GET", '/' + name, [then](const Request& r) {
                              r.answer_headers.set("X-Given", "1");
                              return then(r);
                          }});
    }
    Fixture fixture{test_settings(), std::move(routes)};

    for (const auto& [name, then] : cases) {
        CAPTURE(name);
        TestClient client{fixture.port()};
        CHECK(client.ask(get('/' + name)).header("x-given") == "1");
        if (name != "stream") CHECK(client.ask(get("/inline")).header("x-given") == "");
    }
}

TEST_CASE("connections beyond the cap are turned away with 503") {
    auto settings = test_settings();
    settings.connections_max = 2;
    Fixture fixture{settings};
    TestClient first{fixture.port()}, second{fixture.port()};
    CHECK(first.ask(get("/inline")).status == 200);
    CHECK(second.ask(get("/inline")).status == 200);

    TestClient third{fixture.port()};

    CHECK(third.read().status == 503);
    CHECK(fixture.server->counts().refused == 1);
}

TEST_CASE("two servers do not share a port without a word") {
    Fixture fixture;
    auto settings = test_settings();
    settings.listen = {fixture.server->addresses().front()};

    CHECK_THROWS_AS(Server(settings, Router{{}}), Error);
}

TEST_CASE("metrics learn what each request came to") {
    Seen seen;
    Hooks hooks;
    hooks.on_request = [&](const Served& s) {
        seen.set("served", std::string{s.method} + ' ' + std::string{s.route} + ' ' + std::to_string(s.status));
    };
    Fixture fixture{test_settings(), {}, hooks};
    TestClient client{fixture.port()};

    client.ask(get("/hello/x"));

    CHECK(seen.wait("served") == "GET /hello/{name} 200");
}
