#include "http/detail/head.hpp"

#include <doctest/doctest.h>

#include "http/detail/chunked.hpp"
#include "http/detail/text.hpp"

using namespace millrace;
using namespace millrace::http;
using namespace millrace::http::detail;
using State = HeadParser::State;

namespace {

const std::string good = "GET / HTTP/1.1\r\nHost: a\r\n";

std::string post(std::string_view fields) { return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n"; }

}  // namespace

TEST_CASE("a head that two readers could read differently is refused") {
    struct Row { const char* name; std::string bytes; int status = 400; };
    const std::vector<Row> rows{
        // the request line
        {"empty method", " / HTTP/1.1\r\n"},
        {"two spaces before the target", "GET  / HTTP/1.1\r\n"},
        {"two spaces after the target", "GET /  HTTP/1.1\r\n"},
        {"tab in the line", "GET\t/ HTTP/1.1\r\n"},
        {"tab after the target", "GET /\tHTTP/1.1\r\n"},
        {"space at the end of the line", "GET / HTTP/1.1 \r\n"},
        {"no version", "GET /\r\n"},
        {"no target", "GET HTTP/1.1\r\n\r\n"},
        {"method with a slash", "GE/T / HTTP/1.1\r\n"},
        {"method in quotes", "\"GET\" / HTTP/1.1\r\n"},
        {"method too long", std::string(40, 'G') + " / HTTP/1.1\r\n"},
        {"control byte in the method", "G\x01T / HTTP/1.1\r\n"},
        {"NUL in the target", std::string{"GET /\0 HTTP/1.1\r\n", 17}},
        {"DEL in the target", "GET /\x7f HTTP/1.1\r\n"},
        {"raw UTF-8 in the target", "GET /\xc3\xab HTTP/1.1\r\n"},
        {"fragment in the target", "GET /a#b HTTP/1.1\r\n"},
        {"lower case http", "GET / http/1.1\r\n"},
        {"HTTP/2.0", "GET / HTTP/2.0\r\n", 505},
        {"HTTP/0.9", "GET / HTTP/0.9\r\n", 505},
        {"HTTP/1.2", "GET / HTTP/1.2\r\n", 505},
        {"HTTP/1.10", "GET / HTTP/1.10\r\n"},
        {"HTTP/1", "GET / HTTP/1\r\n"},
        {"HTTP/1,1", "GET / HTTP/1,1\r\n"},
        {"another protocol", "GET / XTTP/1.1\r\n"},
        {"a TLS hello", "\x16\x03\x01\x02"},
        {"a preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"LF ends the line", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
        {"CR alone ends the line", "GET / HTTP/1.1\rHost: a\r\n\r\n"},
        {"CR in the target", "GET /\r HTTP/1.1\r\n"},
        {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n"},
        {"LF before", "\nGET / HTTP/1.1\r\n"},
        {"CR without LF before", "\rGET / HTTP/1.1\r\n"},
        {"space before", " GET / HTTP/1.1\r\n"},
        // fields
        {"no name", good + ": b\r\n\r\n"},
        {"no colon", good + "abc\r\n\r\n"},
        {"space before the colon", good + "a : b\r\n\r\n"},
        {"tab before the colon", good + "a\t: b\r\n\r\n"},
        {"space in the name", good + "a b: c\r\n\r\n"},
        {"space before the name", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
        {"folded with a space", good + "a: b\r\n c\r\n\r\n"},
        {"folded with a tab", good + "a: b\r\n\tc\r\n\r\n"},
        {"parenthesis in the name", good + "a(b): c\r\n\r\n"},
        {"slash in the name", good + "a/b: c\r\n\r\n"},
        {"at in the name", good + "a@b: c\r\n\r\n"},
        {"quote in the name", good + "\"a\": c\r\n\r\n"},
        {"UTF-8 in the name", good + "\xc3\xab: c\r\n\r\n"},
        {"NUL in the name", good + std::string{"a\0b: c\r\n\r\n", 10}},
        {"control byte in the name", good + "a\x0b: c\r\n\r\n"},
        {"NUL in the value", good + std::string{"a: b\0c\r\n\r\n", 10}},
        {"control byte in the value", good + "a: b\x01\r\n\r\n"},
        {"vertical tab in the value", good + "a: b\x0b" "c\r\n\r\n"},
        {"DEL in the value", good + "a: b\x7f\r\n\r\n"},
        {"LF ends a field", good + "a: b\nc: d\r\n\r\n"},
        {"LF ends the first field", "GET / HTTP/1.1\r\nHost: a\n\r\n"},
        {"CR in a value", good + "a: b\rc\r\n\r\n"},
        {"CR CR LF", good + "a: b\r\r\n\r\n"},
        {"CR without LF at the end", good + "\rX"},
        {"LF at the end", good + "\n"},
        // the host
        {"no Host", "GET / HTTP/1.1\r\n\r\n"},
        {"two Hosts", good + "Host: b\r\n\r\n"},
        {"the same Host twice", good + "host: a\r\n\r\n"},
        {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
        {"two names in Host", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
        {"user in Host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
        {"path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {"letters in the port", "GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n"},
        {"open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
        // the length
        {"negative length", post("Content-Length: -1\r\n")},
        {"plus sign", post("Content-Length: +5\r\n")},
        {"empty length", post("Content-Length:\r\n")},
        {"hex length", post("Content-Length: 0x5\r\n")},
        {"fraction", post("Content-Length: 5.0\r\n")},
        {"exponent", post("Content-Length: 1e3\r\n")},
        {"letters after", post("Content-Length: 5a\r\n")},
        {"space inside", post("Content-Length: 5 5\r\n")},
        {"list of one value", post("Content-Length: 5, 5\r\n")},
        {"semicolon", post("Content-Length: 5;\r\n")},
        {"2^63", post("Content-Length: 9223372036854775808\r\n")},
        {"2^64", post("Content-Length: 18446744073709551616\r\n")},
        {"30 digits", post("Content-Length: 111111111111111111111111111111\r\n")},
        {"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n")},
        {"the same length twice", post("Content-Length: 5\r\ncontent-length: 5\r\n")},
        {"length and chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
        {"chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")},
        {"chunked and length 0", post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n")},
        // the encoding
        {"identity", post("Transfer-Encoding: identity\r\n")},
        {"gzip", post("Transfer-Encoding: gzip\r\n")},
        {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n")},
        {"chunked, gzip", post("Transfer-Encoding: chunked, gzip\r\n")},
        {"chunked twice in a list", post("Transfer-Encoding: chunked, chunked\r\n")},
        {"chunked twice in fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
        {"chunked with a parameter", post("Transfer-Encoding: chunked;q=1\r\n")},
        {"chunked in quotes", post("Transfer-Encoding: \"chunked\"\r\n")},
        {"xchunked", post("Transfer-Encoding: xchunked\r\n")},
        {"leading comma", post("Transfer-Encoding: ,chunked\r\n")},
        {"vertical tab", post("Transfer-Encoding: \x0b" "chunked\r\n")},
        {"empty encoding", post("Transfer-Encoding:\r\n")},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"an unknown expectation", post("Expect: something\r\n"), 417},
    };
    CHECK(rows.size() >= 80);
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const auto whole = parse_head(row.bytes);
        CHECK(whole.state == State::refused);
        CHECK(whole.refusal.status == row.status);
        // Byte by byte the judgement is the same.
        HeadParser parser;
        auto state = State::more;
        for (std::size_t i = 1; i <= row.bytes.size() && state == State::more; ++i) {
            state = parser.feed(std::string_view{row.bytes}.substr(0, i));
        }
        CHECK(state == State::refused);
        CHECK(parser.refusal().status == row.status);
    }
}

TEST_CASE("a byte is refused as soon as it cannot be part of a head") {
    for (const std::string bytes : {"GET  ", "GET / HTTP/2", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\na ", "GET / HTTP/1.1\r\n ",
                                    "\x16", "GET / HTTP/1.1\r\na: b\n", "GET / HTTP/1.1\r\nContent-Length: x\r"}) {
        CAPTURE(bytes);
        CHECK(parse_head(bytes).state == State::refused);
        CHECK(parse_head(bytes.substr(0, bytes.size() - 1)).state == State::more);
    }
}

TEST_CASE("a proper head is understood, wherever it is split") {
    const std::string bytes =
        "\r\nPOST /a%20b?x=1 HTTP/1.1\r\nHost: example.org:80\r\nEmpty:\r\nX:  spaced \t \r\nAccept: */*\r\n"
        "content-LENGTH: 42\r\nName: ra\xc3\xab w\r\nExpect: 100-Continue\r\nConnection: foo, Close\r\n\r\nBODY";
    for (std::size_t split = 0; split <= bytes.size(); ++split) {
        CAPTURE(split);
        HeadParser parser;
        const auto first = parser.feed(std::string_view{bytes}.substr(0, split));
        const auto state = first == State::more ? parser.feed(bytes) : first;
        REQUIRE(state == State::done);
        const Head& head = parser.head();
        CHECK(head.method.in(bytes) == "POST");
        CHECK(head.target.in(bytes) == "/a%20b?x=1");
        CHECK(head.size == bytes.size() - 4);
        CHECK(head.content_length == 42);
        CHECK(head.expects_continue);
        CHECK_FALSE(head.keep_alive);
        CHECK(head.fields.size() == 8);
        CHECK(head.fields[1].value.in(bytes) == "");
        CHECK(head.fields[2].value.in(bytes) == "spaced");
        const auto request = make_request(head, bytes);
        CHECK(request.path == "/a b");
        CHECK(request.host == "example.org:80");
        CHECK(request.query_value("x") == "1");
        CHECK(request.headers.get("NAME") == "ra\xc3\xab w");
    }
}

TEST_CASE("a parser is fit for the next head after a reset") {
    HeadParser parser;
    CHECK(parser.feed("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n") == State::done);

    parser.reset();

    const std::string next = "GET /next HTTP/1.1\r\nHost: b\r\n\r\n";
    CHECK(parser.feed(next) == State::done);
    CHECK_FALSE(parser.head().content_length);
    CHECK(parser.head().fields.size() == 1);
    CHECK(parser.head().keep_alive);
}

TEST_CASE("heads end at their limits, exactly") {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nb: c\r\n\r\n";
    struct Row { const char* name; HeadLimits limits; State state; int status; };
    for (const Row& row : std::initializer_list<Row>{
             {"fits", {bytes.size(), 2}, State::done, 400},
             {"one byte too many", {bytes.size() - 1, 2}, State::refused, 431},
             {"one field too many", {bytes.size(), 1}, State::refused, 431},
             {"inside the target", {5, 2}, State::refused, 414},
             {"inside a name", {18, 2}, State::refused, 431},
             {"inside a value", {22, 2}, State::refused, 431},
         }) {
        CAPTURE(row.name);
        const auto parsed = parse_head(bytes, row.limits);
        CHECK(parsed.state == row.state);
        if (row.state == State::refused) CHECK(parsed.refusal.status == row.status);
    }
}

TEST_CASE("a path is decoded once and kept inside its segments") {
    struct Row { const char* raw; std::optional<std::string> want; };
    for (const Row& row : std::initializer_list<Row>{
             {"/", "/"},
             {"/a/b", "/a/b"},
             {"/a/", "/a/"},
             {"/a%20b", "/a b"},
             {"/%C3%AB", "/ë"},
             {"/a+b", "/a+b"},
             {"/%252e%252e", "/%2e%2e"},
             {"/...", "/..."},
             {"/.a", "/.a"},
             {"/a%3Fb", "/a?b"},
             {"//", std::nullopt},
             {"/a//b", std::nullopt},
             {"/a//", std::nullopt},
             {"/.", std::nullopt},
             {"/..", std::nullopt},
             {"/a/../b", std::nullopt},
             {"/a/%2e%2e/b", std::nullopt},
             {"/a/%2E./b", std::nullopt},
             {"/a/%2e", std::nullopt},
             {"/a%2fb", std::nullopt},
             {"/a%2Fb", std::nullopt},
             {"/a%5cb", std::nullopt},
             {"/a\\b", std::nullopt},
             {"/a%00b", std::nullopt},
             {"/a%", std::nullopt},
             {"/a%2", std::nullopt},
             {"/a%zz", std::nullopt},
             {"/%ff", std::nullopt},
             {"/%c0%af", std::nullopt},
             {"/%ed%a0%80", std::nullopt},
         }) {
        CAPTURE(row.raw);
        std::optional<std::string> got;
        try {
            got = decode_path(row.raw);
        } catch (const Error& error) {
            CHECK(error.code() == Code::invalid_path);
        }
        CHECK(got == row.want);
    }
}

TEST_CASE("targets of every form") {
    struct Row { const char* head; std::string path; std::string host; };
    for (const Row& row : std::initializer_list<Row>{
             {"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n", "/a", "h"},
             {"GET http://x:8/a?b HTTP/1.1\r\nHost: h\r\n\r\n", "/a", "x:8"},
             {"GET HTTPS://x HTTP/1.1\r\nHost: h\r\n\r\n", "/", "x"},
             {"GET http://x?q=1 HTTP/1.1\r\nHost: h\r\n\r\n", "/", "x"},
             {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "*", "h"},
             {"GET * HTTP/1.1\r\nHost: h\r\n\r\n", "", ""},
             {"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", "", ""},
             {"GET a/b HTTP/1.1\r\nHost: h\r\n\r\n", "", ""},
             {"GET ftp://x/a HTTP/1.1\r\nHost: h\r\n\r\n", "", ""},
             {"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", "", ""},
             {"GET http://u@x/a HTTP/1.1\r\nHost: h\r\n\r\n", "", ""},
             {"GET /a?x=%zz HTTP/1.1\r\nHost: h\r\n\r\n", "", ""},
             {"GET /a?x=%ff HTTP/1.1\r\nHost: h\r\n\r\n", "", ""},
             {"GET /a?x=%00 HTTP/1.1\r\nHost: h\r\n\r\n", "", ""},
         }) {
        CAPTURE(row.head);
        const auto parsed = parse_head(row.head);
        REQUIRE(parsed.state == State::done);
        Request request;
        try {
            request = make_request(parsed.head, row.head);
        } catch (const Error& error) {
            CHECK(http_status(error.code()) == 400);
        }
        CHECK(request.path == row.path);
        if (!row.path.empty()) CHECK(request.host == row.host);
    }
}

TEST_CASE("a query keeps order and duplicates") {
    const std::string bytes = "GET /?a=1&b=x+y%26&a=2&&c&=d HTTP/1.1\r\nHost: h\r\n\r\n";
    const auto request = make_request(parse_head(bytes).head, bytes);

    CHECK(request.query == std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", "x y&"}, {"a", "2"}, {"c", ""}, {"", "d"}});
}

TEST_CASE("chunks are joined, wherever they are split") {
    const std::string wire = "5\r\nhello\r\n1;ext=\"v\"\r\n,\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\nB:\r\n\r\nNEXT";
    for (std::size_t first = 0; first <= wire.size(); ++first) {
        for (const std::size_t step : {std::size_t{1}, std::size_t{3}, wire.size()}) {
            ChunkDecoder decoder;
            std::string body;
            std::string rest = wire;
            auto state = ChunkDecoder::State::more;
            for (std::size_t take = first; state == ChunkDecoder::State::more && !rest.empty(); take = step) {
                std::string piece = rest.substr(0, take);
                const auto result = decoder.decode(piece.data(), piece.size());
                body += piece.substr(0, result.size);
                rest.erase(0, result.used);
                state = result.state;
            }
            CAPTURE(first);
            CAPTURE(step);
            REQUIRE(state == ChunkDecoder::State::done);
            REQUIRE(body == "hello,0123456789");
            REQUIRE(rest == "NEXT");
        }
    }
}

TEST_CASE("broken chunks are refused, in one piece or byte by byte") {
    struct Row { const char* name; std::string bytes; };
    const std::string last = "0\r\n";
    for (const Row& row : std::initializer_list<Row>{
             {"no size", "\r\n"},
             {"not hex", "g\r\n"},
             {"negative", "-1\r\n"},
             {"plus", "+1\r\n"},
             {"0x", "0x1\r\na\r\n"},
             {"space before", " 1\r\n"},
             {"space after", "1 \r\n"},
             {"2^64", "10000000000000000\r\n"},
             {"16 digits", "ffffffffffffffff\r\n"},
             {"LF after the size", "1\na\r\n"},
             {"CR without LF", "1\ra"},
             {"longer than its size", "1\r\nab\r\n"},
             {"LF after the data", "1\r\na\n"},
             {"CR without LF after the data", "1\r\na\rb"},
             {"control byte in an extension", "1;a\x01\r\n"},
             {"LF in an extension", "1;a\n"},
             {"long extension", "1;" + std::string(2000, 'x') + "\r\n"},
             {"trailer without a name", last + ": x\r\n"},
             {"space in a trailer name", last + "a b: x\r\n"},
             {"folded trailer", last + "a: x\r\n y\r\n"},
             {"control byte in a trailer", last + "a: \x01\r\n"},
             {"LF after a trailer", last + "a: x\n"},
             {"CR without LF in trailers", last + "a: x\rb"},
             {"long trailers", last + "a: " + std::string(5000, 'x') + "\r\n"},
             {"CR without LF at the end", last + "\rx"},
             {"LF at the end", last + "\n"},
         }) {
        CAPTURE(row.name);
        for (const std::size_t step : {std::size_t{1}, row.bytes.size()}) {
            ChunkDecoder decoder;
            auto state = ChunkDecoder::State::more;
            for (std::size_t at = 0; at < row.bytes.size() && state == ChunkDecoder::State::more; at += step) {
                std::string piece = row.bytes.substr(at, step);
                state = decoder.decode(piece.data(), piece.size()).state;
            }
            CHECK(state == ChunkDecoder::State::refused);
            CHECK_FALSE(decoder.why().empty());
        }
    }
}

TEST_CASE("parameters of a header are found behind each other's quotes") {
    CHECK(header_parameter("form-data; name=a", "name") == "a");
    CHECK(header_parameter("form-data; x=\"; name=b\"; NAME=\"a;\\\"b\"", "name") == "a;\"b");
    CHECK(header_parameter("form-data; name=\"C:\\dir\\f\"", "name") == "C:\\dir\\f");
    CHECK(header_parameter("form-data; name=\"open", "name") == std::nullopt);
    CHECK(header_parameter("form-data; rename=x", "name") == std::nullopt);
    CHECK(header_parameter("form-data; flag; name = x", "name") == std::nullopt);
    CHECK(header_parameter("form-data", "name") == std::nullopt);
}
