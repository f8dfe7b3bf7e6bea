#include <doctest/doctest.h>

#include "base/error.hpp"
#include "capture/capture.hpp"
#include "capture/detail/base64.hpp"
#include "capture/detail/proxy_head.hpp"
#include "capture/detail/traffic.hpp"
#include "capture/detail/visit.hpp"

namespace millrace::capture {
namespace {

using namespace detail;

http::Endpoint endpoint(std::string_view url) { return http::read_endpoint(url).value(); }

}  // namespace

TEST_CASE("a request to the proxy says where it goes") {
    struct Row { const char* name; std::string_view head; const char* host; int port; bool tunnel; };
    for (const Row& row : std::initializer_list<Row>{
             {"page", "GET http://example.com/a?b HTTP/1.1\r\nHost: example.com\r\n\r\n", "example.com", 80, false},
             {"port", "GET http://example.com:8080 HTTP/1.1\r\n\r\n", "example.com", 8080, false},
             {"address", "GET http://[::1]:81/ HTTP/1.1\r\n\r\n", "::1", 81, false},
             {"tunnel", "CONNECT example.com:443 HTTP/1.1\r\n\r\n", "example.com", 443, true},
             {"tunnel to an address", "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n\r\n", "2001:db8::1", 8443, true},
         }) {
        CAPTURE(row.name);
        const auto request = read_request(row.head);
        REQUIRE(request);
        CHECK(request->endpoint.host == row.host);
        CHECK(request->endpoint.port == row.port);
        CHECK(request->tunnel == row.tunnel);
    }
}

TEST_CASE("what is no request to a proxy is nothing") {
    for (const std::string_view head : {"", "GET / HTTP/1.1\r\n\r\n", "GET http://a.example/ HTTP/1.0\r\n\r\n", "GET ftp://a.example/ HTTP/1.1\r\n\r\n", "GET http://user@a.example/ HTTP/1.1\r\n\r\n",
                                        "CONNECT a.example HTTP/1.1\r\n\r\n", "CONNECT 127.1:80 HTTP/1.1\r\n\r\n", "GET http://a.example/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                                        "POST http://a.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "POST http://a.example/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                        "GET http://a.example/ HTTP/1.1\r\nA\x01: b\r\n\r\n", "GET http://a.example/ HTTP/1.1\r\n folded\r\n\r\n", "GET  http://a.example/ HTTP/1.1\r\n\r\n"}) {
        CAPTURE(head);
        CHECK_FALSE(read_request(head));
    }
}

TEST_CASE("what is about the connection to the proxy does not reach the server") {
    const auto request = read_request("POST http://a.example/x?y HTTP/1.1\r\nHost: a.example\r\nProxy-Connection: keep-alive\r\nKeep-Alive: 5\r\nContent-Length: 3\r\n\r\n");

    REQUIRE(request);
    CHECK(request->head == "POST /x?y HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
    CHECK(request->body_bytes == 3);
}

TEST_CASE("an answer ends its connection, whatever the server says") {
    CHECK(closing_head("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nA: b\r\n\r\n") == "HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n");
    CHECK(closing_head("HTTP/1.1 100 Continue\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK_FALSE(closing_head("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
    CHECK_FALSE(closing_head("SSH-2.0-x\r\n\r\n"));
}

TEST_CASE("a visit connects to what the policy allows, and remembers what it refused") {
    const http::AddressPolicy nothing_private;
    Visit visit{nothing_private, 100, [] {}};

    CHECK_FALSE(visit.connect(endpoint("http://127.0.0.1:9/"), in(1s)));
    CHECK_FALSE(visit.connect(endpoint("http://localhost:9/"), in(1s)));
    CHECK_FALSE(visit.connect(endpoint("https://[::1]/"), in(1s)));

    CHECK(visit.refusal("http://127.0.0.1:9/any/path?of#it"));
    CHECK(visit.refusal("http://localhost:9/"));
    CHECK(visit.refusal("https://[::1]/x"));
    CHECK_FALSE(visit.refusal("http://127.0.0.1:10/"));
    CHECK(visit.refusals().size() == 3);
}


TEST_CASE("a visit tells once that its bytes are used up") {
    int told = 0;
    const http::AddressPolicy policy;
    Visit visit{policy, 100, [&] { ++told; }};

    CHECK(visit.take(100));
    CHECK_FALSE(visit.take(1));
    CHECK_FALSE(visit.take(1));

    CHECK(told == 1);
    CHECK(visit.is_over_limit());
}

TEST_CASE("a page is quiet when no request is under way") {
    const auto at = [](int ms) { return Deadline{} + std::chrono::milliseconds{ms}; };
    Traffic traffic{at(0)};

    traffic.started("a 1", "Document", at(10));
    traffic.started("b 1", "Image", at(20));
    traffic.started("a 2", "EventSource", at(30));
    traffic.ended("a 1", at(40));
    CHECK_FALSE(traffic.is_quiet());
    traffic.forget("b", at(50));

    CHECK(traffic.is_quiet());
    CHECK(traffic.quiet_since() == at(50));
    CHECK(traffic.count() == 3);
}

TEST_CASE("base64 is decoded in place") {
    for (const auto& [text, want] : {std::pair{"", ""}, {"YQ==", "a"}, {"YWI=", "ab"}, {"YWJj", "abc"}, {"+/8=", "\xfb\xff"}}) {
        std::string got = text;
        decode_base64(got);
        CHECK(got == want);
    }
    std::string wrong = "YW*j";
    CHECK_THROWS_AS(decode_base64(wrong), Error);
}

TEST_CASE("without a browser a capture says where it was looked for") {
    Capturer capturer{{.browser = "/nowhere/browser"}, http::AddressPolicy{}, {}};
    try {
        capturer.capture({.url = "https://example.com/"});
        FAIL("captured by nothing");
    } catch (const Error& error) {
        CHECK(error.code() == Code::browser_missing);
        CHECK(error.message().find("/nowhere/browser") != std::string::npos);
    }
}

TEST_CASE("an address that is none of the web is refused before a browser is started") {
    Capturer capturer{{.browser = "/nowhere/browser"}, http::AddressPolicy{}, {}};
    for (const char* url : {"file:///etc/passwd", "chrome://version", "about:blank", "http://user:secret@example.com/", ""}) {
        CAPTURE(url);
        try {
            capturer.capture({.url = url});
            FAIL("captured");
        } catch (const Error& error) {
            CHECK(error.code() == Code::address_refused);
        }
    }
}

}  // namespace millrace::capture
