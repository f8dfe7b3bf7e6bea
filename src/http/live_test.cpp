#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "http/detail/test_client.hpp"
#include "http/server.hpp"

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

std::string get(std::string_view target, std::string_view fields = {}) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: t\r\n" + std::string{fields} + "\r\n";
}

/// A queue of texts that every stream of it sends; tells how many streams there are.
struct Channel {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::string> texts;
    std::vector<Wake> wakes;
    bool ended = false;
    int opened = 0, closed = 0;
    int behind_calls = 0;

    void push(std::string text) {
        const std::lock_guard lock{mutex};
        texts.push_back(std::move(text));
        for (const auto& wake : wakes) wake();
    }
    void end() {
        const std::lock_guard lock{mutex};
        ended = true;
        for (const auto& wake : wakes) wake();
    }
    template <class F>
    bool wait(F until) {
        std::unique_lock lock{mutex};
        return changed.wait_for(lock, 10s, until);
    }
};

struct ChannelSource final : StreamSource {
    explicit ChannelSource(Channel& c) : channel{c} {}
    ~ChannelSource() override {
        const std::lock_guard lock{channel.mutex};
        ++channel.closed;
        channel.changed.notify_all();
    }
    void on_ready(Wake wake) override {
        const std::lock_guard lock{channel.mutex};
        channel.wakes.push_back(std::move(wake));
        ++channel.opened;
        channel.changed.notify_all();
    }
    Pull next(std::string& out, std::size_t bytes_max, bool behind) override {
        const std::lock_guard lock{channel.mutex};
        if (behind) {
            ++channel.behind_calls;
            channel.changed.notify_all();
        }
        while (at < channel.texts.size() && out.size() < bytes_max) out += channel.texts[at++];
        if (!out.empty()) return Pull::text;
        return channel.ended ? Pull::end : Pull::idle;
    }
    Channel& channel;
    std::size_t at = 0;
};

Route stream_route(Channel& channel) {
    return {"GET", "/stream", [&](const Request&) {
                EventStream stream;
                stream.source = std::make_unique<ChannelSource>(channel);
                return stream;
            }};
}

/// The text of the chunks up to the one that ends with `end`.
std::string read_events(TestClient& client, std::string_view end) {
    std::string text;
    while (!text.ends_with(end)) {
        const auto line = client.read_until("\r\n");
        const auto size = line.empty() ? 0 : std::stoul(line, nullptr, 16);
        text += client.read_bytes(size);
        client.read_until("\r\n");
        if (size == 0) break;
    }
    return text;
}

struct Box {
    std::mutex mutex;
    std::optional<std::string> value;
    std::optional<Wake> wake;
    std::condition_variable changed;
    bool destroyed = false;
    int polls = 0;

    void put(std::string text) {
        const std::lock_guard lock{mutex};
        value = std::move(text);
        if (wake) (*wake)();
    }
    template <class F>
    bool wait(F until) {
        std::unique_lock lock{mutex};
        return changed.wait_for(lock, 10s, until);
    }
};

struct BoxLater final : Later {
    BoxLater(Box& b, Duration time) : box{b}, until{in(time)} {}
    ~BoxLater() override {
        const std::lock_guard lock{box.mutex};
        box.destroyed = true;
        box.changed.notify_all();
    }
    Deadline deadline() const override { return until; }
    void on_ready(Wake wake) override {
        const std::lock_guard lock{box.mutex};
        box.wake = std::move(wake);
    }
    std::optional<Answer> poll(bool expired) override {
        const std::lock_guard lock{box.mutex};
        ++box.polls;
        box.changed.notify_all();
        if (box.value) return Response::text(200, *box.value);
        if (expired) return Response::text(202, "still running");
        return std::nullopt;
    }
    Box& box;
    Deadline until;
};

Route later_route(Box& box, Duration time) {
    return {"GET", "/later", [&box, time](const Request&) -> Begun { return std::make_unique<BoxLater>(box, time); }};
}

Route file_route(const std::string& text, std::string etag, bool sized = true) {
    return {"GET", "/file", [&text, etag, sized](const Request&) {
                Download download;
                if (sized) download.size = text.size();
                download.etag = etag;
                download.filename = "bericht ë.csv";
                download.read = [&text](std::uint64_t offset, std::span<char> into) {
                    return std::string_view{text}.substr(offset).copy(into.data(), into.size());
                };
                return download;
            }};
}

struct Running {
    explicit Running(std::vector<Route> routes, Settings settings = test_settings()) : server{std::move(settings), Router{std::move(routes)}} {
        server.start();
    }
    Server server;
};

std::string big_text() {
    std::string text;
    for (int i = 0; text.size() < 1'000'000; ++i) text += "line " + std::to_string(i) + '\n';
    return text;
}

/// Frames of a server up to and with the one of `kind`: its payload.
std::string read_frame(TestClient& client, int kind) {
    for (;;) {
        const auto head = client.read_bytes(2);
        if (head.size() < 2) return "nothing";
        auto size = static_cast<std::size_t>(static_cast<unsigned char>(head[1]));
        if (size == 126) {
            const auto bytes = client.read_bytes(2);
            size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]) << 8 | static_cast<unsigned char>(bytes[1]));
        }
        auto payload = client.read_bytes(size);
        if ((head[0] & 0x0f) == kind) return payload;
    }
}

constexpr std::string_view handshake =
    "GET /ws HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr int text_frame = 1, close_frame = 8, ping_frame = 9, pong_frame = 10;

/// Says what it hears.
struct EchoSource final : StreamSource {
    void on_ready(Wake) override {}
    Pull next(std::string& out, std::size_t, bool) override {
        if (heard.empty()) return Pull::idle;
        append_web_socket_text(out, std::exchange(heard, {}));
        return Pull::text;
    }
    void receive(std::string_view message) override { heard = message; }
    std::string heard;
};

Route echo_route() {
    return {"GET", "/ws", [](const Request& request) { return web_socket(request, std::make_unique<EchoSource>()); }};
}

/// A frame of a client whose mask is 0.
std::string masked(int kind, std::string_view payload) {
    std::string out{static_cast<char>(0x80 | kind), static_cast<char>(0x80 | static_cast<int>(payload.size())), 0, 0, 0, 0};
    return out += payload;
}

}  // namespace

TEST_CASE("a stream begins with its retry time and sends what its source has, in order") {
    Channel channel;
    channel.push("id: 1\ndata: a\n\n");
    Running running{{stream_route(channel)}};
    TestClient client{running.server.port()};
    client.send(get("/stream"));

    const auto head = client.read_until("\r\n\r\n");
    CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(head.find("Content-Type: text/event-stream; charset=utf-8\r\n") != std::string::npos);
    CHECK(head.find("Cache-Control: no-store\r\n") != std::string::npos);
    CHECK(read_events(client, "data: a\n\n") == "retry: 2000\n\nid: 1\ndata: a\n\n");

    channel.push("id: 2\ndata: b\n\n");
    CHECK(read_events(client, "data: b\n\n") == "id: 2\ndata: b\n\n");
    CHECK(running.server.counts().streams == 1);

    channel.end();
    CHECK(read_events(client, "never") == "");
    CHECK(client.closed());
    CHECK(channel.wait([&] { return channel.closed == 1; }));
}

TEST_CASE("a quiet stream sends a comment now and then") {
    Channel channel;
    auto settings = test_settings();
    settings.stream_heartbeat = 50ms;
    Running running{{stream_route(channel)}, settings};
    TestClient client{running.server.port()};
    client.send(get("/stream"));
    client.read_until("\r\n\r\n");

    CHECK(read_events(client, ":\n\n:\n\n") == "retry: 2000\n\n:\n\n:\n\n");
}

TEST_CASE("a stream of HTTP/1.0 is not chunked, and HEAD has no stream") {
    Channel channel;
    channel.push("data: a\n\n");
    Running running{{stream_route(channel)}};

    TestClient old{running.server.port()};
    old.send("GET /stream HTTP/1.0\r\n\r\n");
    CHECK(old.read_until("\r\n\r\n").find("chunked") == std::string::npos);
    CHECK(old.read_until("data: a\n\n") == "retry: 2000\n\ndata: a\n\n");

    TestClient head{running.server.port()};
    CHECK(head.ask("HEAD /stream HTTP/1.1\r\nHost: t\r\n\r\n", true).status == 200);
    CHECK(head.closed());
}

TEST_CASE("a WebSocket hears, answers and is closed in order") {
    auto settings = test_settings();
    settings.stream_heartbeat = 50ms;
    Running running{{echo_route()}, settings};
    TestClient client{running.server.port()};
    // The first message comes with the request.
    client.send(std::string{handshake} + masked(text_frame, "hello"));

    const auto head = client.read_until("\r\n\r\n");
    CHECK(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    CHECK(head.find("Upgrade: websocket\r\n") != std::string::npos);
    CHECK(head.find("Connection: Upgrade\r\n") != std::string::npos);
    CHECK(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);  // RFC 6455 section 1.3
    CHECK(head.find("Content-Length") == std::string::npos);
    CHECK(read_frame(client, text_frame) == "hello");
    CHECK(read_frame(client, ping_frame) == "");

    client.send(masked(ping_frame, "p") + masked(text_frame, std::string(100, 'x')));
    CHECK(read_frame(client, pong_frame) == "p");
    CHECK(read_frame(client, text_frame) == std::string(100, 'x'));

    client.send(masked(close_frame, "\x03\xe8"));
    CHECK(read_frame(client, close_frame) == "\x03\xe8");
    CHECK(client.closed());
}

TEST_CASE("a WebSocket ends with a status that says why") {
    Running running{{echo_route()}};
    TestClient wrong{running.server.port()};
    wrong.send(std::string{handshake} + "\x81\x01x");
    wrong.read_until("\r\n\r\n");
    CHECK(read_frame(wrong, close_frame) == "\x03\xea");  // 1002: not masked
    CHECK(wrong.closed());

    TestClient client{running.server.port()};
    client.send(std::string{handshake} + masked(text_frame, "here"));
    client.read_until("\r\n\r\n");
    CHECK(read_frame(client, text_frame) == "here");
    running.server.stop(in(5s));
    CHECK(read_frame(client, text_frame).starts_with(R"({"event":"bye","data":{"retry":)"));
    CHECK(read_frame(client, close_frame) == "\x03\xe9");  // 1001
}

TEST_CASE("a reader that leaves ends its stream") {
    Channel channel;
    Running running{{stream_route(channel)}};
    {
        TestClient client{running.server.port()};
        client.send(get("/stream"));
        client.read_until("retry: 2000\n\n");
        CHECK(channel.wait([&] { return channel.opened == 1; }));
    }

    CHECK(channel.wait([&] { return channel.closed == 1; }));
    channel.push("data: nobody\n\n");  // a wake after the end is harmless
}

TEST_CASE("a reader that does not read is behind, and is closed when it stays so") {
    Channel channel;
    auto settings = test_settings();
    settings.stream_stall = 200ms;
    Running running{{stream_route(channel)}, settings};
    TestClient stalled{running.server.port(), 4096};
    stalled.send(get("/stream"));
    CHECK(channel.wait([&] { return channel.opened == 1; }));

    for (int i = 0; i < 64; ++i) channel.push("data: " + std::string(32 * 1024, 'x') + "\n\n");

    CHECK(channel.wait([&] { return channel.closed == 1; }));
}

TEST_CASE("a slow reader gets everything, and its source learns that it was behind") {
    Channel channel;
    Running running{{stream_route(channel)}};
    TestClient slow{running.server.port(), 4096};
    slow.send(get("/stream"));
    CHECK(channel.wait([&] { return channel.opened == 1; }));
    std::string want;
    for (int i = 0; i < 64; ++i) {
        const std::string event = "id: " + std::to_string(i) + "\ndata: " + std::string(16 * 1024, 'x') + "\n\n";
        want += event;
        channel.push(event);
    }
    channel.push("data: last\n\n");

    slow.read_until("\r\n\r\n");
    const auto text = read_events(slow, "data: last\n\n");

    CHECK(text == "retry: 2000\n\n" + want + "data: last\n\n");
    CHECK(channel.behind_calls > 0);
}

TEST_CASE("a stop says bye to streams and lets a request finish") {
    Channel channel;
    std::mutex mutex;
    std::condition_variable changed;
    bool entered = false, release = false;
    std::vector<Route> routes{stream_route(channel)};
    routes.push_back({"GET", "/slow", [&](const Request&) {
                          std::unique_lock lock{mutex};
                          entered = true;
                          changed.notify_all();
                          changed.wait_for(lock, 10s, [&] { return release; });
                          return Response::text(200, "done");
                      }});
    Running running{std::move(routes)};
    TestClient stream{running.server.port()}, slow{running.server.port()}, idle{running.server.port()};
    stream.send(get("/stream"));
    stream.read_until("retry: 2000\n\n");
    CHECK(idle.ask(get("/missing")).status == 404);
    slow.send(get("/slow"));
    {
        std::unique_lock lock{mutex};
        changed.wait_for(lock, 10s, [&] { return entered; });
    }

    std::jthread stopping{[&] { running.server.stop(in(10s)); }};
    stream.read_until("\r\n");
    const auto bye = read_events(stream, "never");
    CHECK(idle.closed());
    {
        const std::lock_guard lock{mutex};
        release = true;
        changed.notify_all();
    }
    const auto answer = slow.read();
    stopping.join();

    CHECK(bye.starts_with("event: bye\ndata: {}\nretry: "));
    CHECK(stream.closed());
    CHECK(answer.body == "done");
    CHECK(answer.header("connection") == "close");
    CHECK(!TestClient{running.server.port()}.connected());
}

TEST_CASE("a stop cuts what is left at its deadline") {
    auto settings = test_settings();
    Box box;
    Running running{{{"PUT", "/up", [](const Request& r) { return collect(r, 100, [](std::string) { return Answer{Response::empty(204)}; }); }}}, settings};
    TestClient client{running.server.port()};
    client.send("PUT /up HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc");

    running.server.stop(in(50ms));

    CHECK(client.closed());
}

TEST_CASE("an answer that comes later holds no thread") {
    std::deque<Box> boxes(32);
    std::vector<Route> routes;
    routes.push_back({"GET", "/later/{n}", [&](const Request& r) -> Begun {
                          return std::make_unique<BoxLater>(boxes[static_cast<std::size_t>(std::stoi(std::string{r.param("n")}))], 10s);
                      }});
    auto settings = test_settings();
    settings.read_threads = 1;
    Running running{std::move(routes), settings};
    std::deque<TestClient> clients;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        clients.emplace_back(running.server.port()).send(get("/later/" + std::to_string(i)));
        CHECK(boxes[i].wait([&] { return boxes[i].polls == 1; }));
    }

    for (std::size_t i = boxes.size(); i-- > 0;) boxes[i].put("answer " + std::to_string(i));

    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const auto answer = clients[i].read();
        CHECK(answer.status == 200);
        CHECK(answer.body == "answer " + std::to_string(i));
    }
    CHECK(clients[0].ask(get("/later/0")).body == "answer 0");
}

TEST_CASE("waiting ends at its deadline, when the client leaves, and when the server stops") {
    SUBCASE("deadline") {
        Box box;
        Running running{{later_route(box, 50ms)}};
        TestClient client{running.server.port()};
        CHECK(client.ask(get("/later")).body == "still running");
        CHECK(box.destroyed);
    }
    SUBCASE("left") {
        Box box;
        Running running{{later_route(box, 60s)}};
        {
            TestClient client{running.server.port()};
            client.send(get("/later"));
            CHECK(box.wait([&] { return box.polls == 1; }));
        }
        CHECK(box.wait([&] { return box.destroyed; }));
        CHECK(box.polls == 1);
    }
    SUBCASE("stop") {
        Box box;
        Running running{{later_route(box, 60s)}};
        TestClient client{running.server.port()};
        client.send(get("/later"));
        CHECK(box.wait([&] { return box.polls == 1; }));
        running.server.stop(in(10s));
        CHECK(client.read().body == "still running");
    }
}

TEST_CASE("a download arrives whole, with or without a known size") {
    const auto text = big_text();
    for (const bool sized : {true, false}) {
        CAPTURE(sized);
        Running running{{file_route(text, "", sized)}};
        TestClient client{running.server.port()};
        const auto answer = client.ask(get("/file"));
        CHECK(answer.status == 200);
        CHECK(answer.body == text);
        CHECK(answer.header("content-disposition") == "attachment; filename=\"bericht __.csv\"; filename*=UTF-8''bericht%20%C3%AB.csv");
        CHECK(client.ask(get("/file")).body == text);

        TestClient old{running.server.port()};
        CHECK(old.ask("GET /file HTTP/1.0\r\n\r\n").body == text);
        CHECK(old.closed());
    }
}

TEST_CASE("a download answers ranges, conditions and HEAD") {
    const auto text = big_text();
    const auto size = std::to_string(text.size());
    Running running{{file_route(text, "\"v1\"")}};
    TestClient client{running.server.port()};
    struct Row { const char* name; std::string fields; int status; std::string range; std::string body; };
    for (const Row& row : std::initializer_list<Row>{
             {"first bytes", "Range: bytes=0-3\r\n", 206, "bytes 0-3/" + size, "line"},
             {"beyond the end", "Range: bytes=" + std::to_string(text.size() - 2) + "-999999999\r\n", 206,
              "bytes " + std::to_string(text.size() - 2) + '-' + std::to_string(text.size() - 1) + '/' + size, text.substr(text.size() - 2)},
             {"last bytes", "Range: bytes=-5\r\n", 206,
              "bytes " + std::to_string(text.size() - 5) + '-' + std::to_string(text.size() - 1) + '/' + size, text.substr(text.size() - 5)},
             {"outside", "Range: bytes=99999999-\r\n", 416, "bytes */" + size, ""},
             {"several", "Range: bytes=0-1,4-5\r\n", 200, "", text},
             {"another unit", "Range: lines=0-1\r\n", 200, "", text},
             {"nonsense", "Range: bytes=5-2\r\n", 200, "", text},
             {"if-range matches", "Range: bytes=0-3\r\nIf-Range: \"v1\"\r\n", 206, "bytes 0-3/" + size, "line"},
             {"if-range differs", "Range: bytes=0-3\r\nIf-Range: \"v0\"\r\n", 200, "", text},
             {"not modified", "If-None-Match: \"v0\", W/\"v1\"\r\n", 304, "", ""},
             {"modified", "If-None-Match: \"v2\"\r\n", 200, "", text},
         }) {
        CAPTURE(row.name);
        const auto answer = client.ask(get("/file", row.fields));
        CHECK(answer.status == row.status);
        CHECK(answer.header("content-range") == row.range);
        if (row.status != 416) {
            CHECK(answer.body == row.body);
            CHECK(answer.header("etag") == "\"v1\"");
        }
    }
    const auto head = client.ask("HEAD /file HTTP/1.1\r\nHost: t\r\n\r\n", true);
    CHECK(head.header("content-length") == size);
    CHECK(head.header("accept-ranges") == "bytes");
    CHECK(client.ask(get("/file", "Range: bytes=0-3\r\n")).body == "line");
}

TEST_CASE("a download that fails is a problem before its first byte and a broken body after it") {
    std::atomic<int> good_blocks = 0;
    Route route{"GET", "/file", [&](const Request&) {
                    Download download;
                    download.size = 500'000;
                    download.read = [&](std::uint64_t, std::span<char> into) -> std::size_t {
                        if (good_blocks-- <= 0) throw Error{Code::corrupt_blob, {{"sha256", "00"}}};
                        std::ranges::fill(into, 'x');
                        return into.size();
                    };
                    return download;
                }};
    Running running{{std::move(route)}};

    TestClient early{running.server.port()};
    CHECK(early.ask(get("/file")).status == 500);

    good_blocks = 2;
    TestClient late{running.server.port()};
    const auto answer = late.ask(get("/file"));
    CHECK(answer.status == 200);
    CHECK(answer.body.size() < 500'000);
    CHECK(late.closed());
}

TEST_CASE("a client that reads slowly holds no thread and gets its download") {
    const std::string text(20'000'000, 'x');
    auto settings = test_settings();
    settings.file_threads = 1;
    Running running{{file_route(text, "")}, settings};
    std::deque<TestClient> stalled;
    for (int i = 0; i < 8; ++i) stalled.emplace_back(running.server.port(), 4096).send(get("/file"));

    TestClient quick{running.server.port()};

    CHECK(quick.ask(get("/file")).body.size() == text.size());
    CHECK(stalled.front().read().body.size() == text.size());
}

TEST_CASE("an answer with an entity tag is not sent twice") {
    Running running{{{"GET", "/list", [](const Request&) {
                          auto response = Response::json(200, "[]");
                          response.etag = "W/\"7\"";
                          return response;
                      }}}};
    TestClient client{running.server.port()};

    const auto first = client.ask(get("/list"));
    const auto second = client.ask(get("/list", "If-None-Match: " + first.header("etag") + "\r\n"));

    CHECK(first.body == "[]");
    CHECK(second.status == 304);
    CHECK(second.header("etag") == "W/\"7\"");
}
