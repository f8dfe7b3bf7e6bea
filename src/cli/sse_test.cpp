#include "cli/sse.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace millrace::cli;

TEST_CASE("events are the same however the bytes are cut") {
    const std::string stream =
        "retry: 2000\n\n: heartbeat\n\nid: 7\nevent: snapshot\ndata: {\"a\":1}\n\nevent: job\r\ndata: one\r\ndata: two\r\n\r\nid:8\ndata\n\ndata: cut off";
    for (std::size_t piece = 1; piece < stream.size(); ++piece) {
        CAPTURE(piece);
        SseParser parser;
        std::vector<std::string> seen;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            parser.feed(std::string_view{stream}.substr(at, piece), [&](const SseParser::Event& e) {
                seen.push_back(e.id + "|" + e.name + "|" + e.data);
                return true;
            });
        }
        CHECK(seen == std::vector<std::string>{"7|snapshot|{\"a\":1}", "7|job|one\ntwo", "8|message|"});
    }
}

TEST_CASE("a reader that has had enough is not given more") {
    SseParser parser;
    int seen = 0;
    CHECK(!parser.feed("data: 1\n\ndata: 2\n\n", [&](const SseParser::Event&) { return ++seen < 1; }));
    CHECK(seen == 1);
}
