#include "http/message.hpp"

#include <doctest/doctest.h>

#include "base/json.hpp"
#include "http/detail/answer.hpp"

using namespace millrace;
using namespace millrace::http;

TEST_CASE("headers compare without case and keep duplicates") {
    Headers headers;
    headers.add("Accept", "a");
    headers.add("X", "1");
    headers.add("ACCEPT", "b");

    CHECK(headers.get("accept") == "a");
    CHECK(headers.all("Accept") == std::vector<std::string_view>{"a", "b"});
    CHECK_FALSE(headers.find("y"));
    headers.set("accept", headers.all("accept").back());
    CHECK(headers.all("accept") == std::vector<std::string_view>{"b"});
    CHECK(headers.size() == 2);
}

TEST_CASE("a cookie is found among others") {
    Request request;
    request.headers.add("Cookie", "a=1; session=\"x=y\" ;b=2");
    request.headers.add("Cookie", "session=late; c=3");

    CHECK(request.cookie("session") == "x=y");
    CHECK(request.cookie("b") == "2");
    CHECK(request.cookie("c") == "3");
    CHECK_FALSE(request.cookie("ession"));
}

TEST_CASE("the language is the best one of ours") {
    struct Row { const char* accept; std::string_view want; };
    for (const Row& row : std::initializer_list<Row>{
             {"", "en"}, {"nl", "nl"}, {"nl-BE,fr", "nl"}, {"fr, de", "en"}, {"en;q=0.5, nl;q=0.8", "nl"}, {"en, nl", "en"},
             {"nl;q=0, en;q=0.1", "en"}, {"NL", "nl"}, {"*", "en"}, {"nl;q=abc", "nl"}, {";;,,=", "en"},
         }) {
        CAPTURE(row.accept);
        Request request;
        request.headers.add("Accept-Language", row.accept);
        CHECK(request.language() == row.want);
    }
}

TEST_CASE("a problem names its code, its fields and what it belongs to") {
    Error error{Code::invalid_fields, {{"job_id", "j1"}, {"secret", "s"}}};
    error.issues.push_back({"/a", "required", "is \"missing\""});

    const auto response = problem(error, "nl", {{"upload_id", "u1"}});

    const auto document = json::parse(response.body);
    CHECK(response.status == 422);
    CHECK(response.headers.get("content-type") == "application/problem+json");
    CHECK(document.at("type").as_string() == "urn:millrace:problem:invalid_fields");
    CHECK(document.at("title").as_string() == "Unprocessable Content");
    CHECK(document.at("status").as_int64() == 422);
    CHECK(std::string{document.at("detail").as_string()} == error.message("nl"));
    CHECK(document.at("code").as_string() == "invalid_fields");
    CHECK(document.at("errors").at(0).at("pointer").as_string() == "/a");
    CHECK(document.at("job_id").as_string() == "j1");
    CHECK(document.at("upload_id").as_string() == "u1");
    CHECK_FALSE(document.as_object().contains("secret"));
}

TEST_CASE("a problem carries the fields its status asks for") {
    CHECK(problem(Error{Code::unauthorized}).headers.get("www-authenticate") == "Bearer");
    CHECK(problem(Error{Code::too_many_requests, {{"seconds", "7"}}}).headers.get("retry-after") == "7");
    CHECK(problem(Error{Code::unavailable, {{"why", "x"}}}).headers.get("retry-after") == "1");
    CHECK(problem(Error{Code::method_not_allowed, {{"allowed", "GET"}}}).headers.get("allow") == "GET");
}

TEST_CASE("a handler cannot break the head of its answer") {
    Response response;
    response.headers.add("X-Good", "1");
    response.headers.add("X-Split", "a\r\nSet-Cookie: b");
    response.headers.add("X-Nul", std::string_view{"a\0b", 3});
    response.headers.add("Bad Name", "1");
    response.headers.add("Content-Length", "9");
    response.headers.add("Cache-Control", "max-age=1");
    detail::Envelope envelope;
    envelope.length = 3;

    std::string head;
    detail::append_head(head, envelope, response.headers);

    CHECK(head.find("X-Good: 1\r\n") != head.npos);
    CHECK(head.find("Set-Cookie") == head.npos);
    CHECK(head.find("X-Nul") == head.npos);
    CHECK(head.find("Bad Name") == head.npos);
    CHECK(head.find("Content-Length: 3\r\n") != head.npos);
    CHECK(head.find("Content-Length: 9") == head.npos);
    CHECK(head.find("no-store") == head.npos);
}

TEST_CASE("a file name of any kind fits into a header") {
    CHECK(content_disposition("a b.csv") == "attachment; filename=\"a b.csv\"");
    CHECK(content_disposition("a\"\r\n/ë") == "attachment; filename=\"a______\"; filename*=UTF-8''a%22%0D%0A%2F%C3%AB");
}
