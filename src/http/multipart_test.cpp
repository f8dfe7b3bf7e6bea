#include "http/multipart.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace millrace;
using namespace millrace::http;

namespace {

/// What a form comes to, as text: "[name|filename]data;" per part.
std::string read_form(std::string_view bytes, std::string_view boundary, std::size_t split, std::size_t step,
                      Multipart::Limits limits = {}) {
    std::string out;
    Multipart form{boundary,
                   {[&](const Part& part) { out += '[' + part.name + '|' + part.filename.value_or("-") + ']'; },
                    [&](std::string_view data) { out += data; },
                    [&] { out += ';'; }},
                   limits};
    form.feed(bytes.substr(0, split));
    for (std::size_t at = split; at < bytes.size(); at += step) form.feed(bytes.substr(at, step));
    form.finish();
    return out;
}

std::string read_form(std::string_view bytes) { return read_form(bytes, "XX", bytes.size(), 1); }

std::string part(std::string_view disposition, std::string_view data) {
    return "--XX\r\nContent-Disposition: form-data; " + std::string{disposition} + "\r\n\r\n" + std::string{data} + "\r\n";
}

}  // namespace

TEST_CASE("a form is read the same wherever it is split") {
    const std::string form = "preamble\r\n" + part("name=a", "1") +
                             part("name=\"file\"; filename=\"b.csv\"", "x\r\ny\r\n--X\r\n--XY\r\r\n--X") + part("name=c", "") +
                             "--XX \t\r\ncontent-disposition: form-data; name=\"d\"\r\nContent-Type: text/plain\r\n\r\n\r\n\r\n--XX--\r\nepilogue --XX";
    const std::string want = "[a|-]1;[file|b.csv]x\r\ny\r\n--X\r\n--XY\r\r\n--X;[c|-];[d|-]\r\n;";
    REQUIRE(read_form(form) == want);

    for (std::size_t split = 0; split <= form.size(); ++split) {
        CAPTURE(split);
        REQUIRE(read_form(form, "XX", split, form.size()) == want);
        REQUIRE(read_form(form, "XX", split, 1) == want);
        REQUIRE(read_form(form, "XX", split, 7) == want);
    }
}

TEST_CASE("file names are taken as they are meant") {
    struct Row { const char* name; std::string disposition; std::string want; };
    for (const Row& row : std::initializer_list<Row>{
             {"token", "name=f; filename=a.csv", "[f|a.csv];"},
             {"quoted", "name=f; filename=\"a b.csv\"", "[f|a b.csv];"},
             {"escaped quote", "name=f; filename=\"a\\\"b.csv\"", "[f|a\"b.csv];"},
             {"backslashes of Windows", "name=f; filename=\"C:\\x\\a.csv\"", "[f|C:\\x\\a.csv];"},
             {"semicolon", "name=f; filename=\"a;b=c.csv\"", "[f|a;b=c.csv];"},
             {"raw UTF-8", "name=f; filename=\"prijslijst €.csv\"", "[f|prijslijst €.csv];"},
             {"RFC 8187", "name=f; filename=\"x\"; filename*=UTF-8''prijs%20%e2%82%ac.csv", "[f|prijs €.csv];"},
             {"RFC 8187 first", "name=f; filename*=utf-8'nl'%e2%82%ac; filename=x", "[f|€];"},
             {"traversal is data", "name=f; filename=\"../../etc/passwd\"", "[f|../../etc/passwd];"},
             {"empty", "name=f; filename=\"\"", "[f|];"},
             {"empty name", "name=\"\"; filename=a", "[|a];"},
         }) {
        CAPTURE(row.name);
        CHECK(read_form(part(row.disposition, "") + "--XX--") == row.want);
    }
}

TEST_CASE("the parts of a form know their headers") {
    std::string type;
    Multipart form{"XX", {[&](const Part& p) { type = p.headers.get("Content-Type"); }, {}, {}}};

    form.feed("--XX\r\nContent-Disposition: form-data; name=a\r\ncontent-type:  text/csv \r\n\r\n\r\n--XX--");
    form.finish();

    CHECK(type == "text/csv");
    CHECK(form.complete());
}

TEST_CASE("a broken form is refused") {
    struct Row { const char* name; std::string bytes; };
    for (const Row& row : std::initializer_list<Row>{
             {"empty", ""},
             {"no boundary", "hello"},
             {"another boundary", "--YY\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--YY--\r\n"},
             {"cut in the head", "--XX\r\nContent-Dispo"},
             {"cut in the data", part("name=a", "1")},
             {"cut after the boundary", part("name=a", "1") + "--XX"},
             {"cut in the closing", part("name=a", "1") + "--XX-"},
             {"text after a boundary", "--XXY\r\n"},
             {"text after the closing", part("name=a", "1") + "--XX--Y"},
             {"one dash", part("name=a", "1") + "--XX-Y"},
             {"LF after a boundary", "--XX\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XX--"},
             {"CR alone after a boundary", "--XX\rY"},
             {"LF in the head", "--XX\r\nContent-Disposition: form-data; name=a\n\r\n1\r\n--XX--"},
             {"no headers", "--XX\r\n\r\n1\r\n--XX--"},
             {"no disposition", "--XX\r\nContent-Type: a/b\r\n\r\n1\r\n--XX--"},
             {"not form-data", "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--XX--"},
             {"no name", part("filename=a", "1") + "--XX--"},
             {"no colon", "--XX\r\nContent-Disposition\r\n\r\n1\r\n--XX--"},
             {"space before the colon", "--XX\r\nContent-Disposition : form-data; name=a\r\n\r\n1\r\n--XX--"},
             {"folded", "--XX\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n--XX--"},
             {"NUL in the head", part(std::string{"name=\"a\0b\"", 10}, "1") + "--XX--"},
             {"name not UTF-8", part("name=\"\xff\"", "1") + "--XX--"},
             {"file name not UTF-8", part("name=a; filename=\"\xff\"", "1") + "--XX--"},
             {"open quote", part("name=\"a", "1") + "--XX--"},
             {"filename* of another charset", part("name=a; filename*=latin1''x", "1") + "--XX--"},
             {"filename* with a broken escape", part("name=a; filename*=UTF-8''%zz", "1") + "--XX--"},
             {"filename* with NUL", part("name=a; filename*=UTF-8''%00", "1") + "--XX--"},
         }) {
        CAPTURE(row.name);
        for (const std::size_t step : {std::size_t{1}, std::size_t{1000}}) {
            std::optional<Code> code;
            try {
                read_form(row.bytes, "XX", 0, step);
            } catch (const Error& error) {
                code = error.code();
            }
            CHECK(code == Code::malformed_multipart);
        }
    }
}

TEST_CASE("a form has limits") {
    std::string many;
    for (int i = 0; i < 4; ++i) many += part("name=a", "");
    many += "--XX--";
    const std::string long_head = part("name=" + std::string(300, 'a'), "") + "--XX--";

    CHECK_NOTHROW(read_form(many, "XX", 0, 9, {.parts_max = 4}));
    CHECK_THROWS_AS(read_form(many, "XX", 0, 9, {.parts_max = 3}), Error);
    CHECK_NOTHROW(read_form(long_head, "XX", 0, 9, {.part_head_bytes_max = 400}));
    CHECK_THROWS_AS(read_form(long_head, "XX", 0, 9, {.part_head_bytes_max = 300}), Error);
}

TEST_CASE("the boundary is found in the content type") {
    CHECK(Multipart::boundary_of("multipart/form-data; boundary=abc") == "abc");
    CHECK(Multipart::boundary_of("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"") == "a b");
    for (const std::string bad : {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a\rb\"",
                                  "multipart/form-data; boundary=\"a \"", "application/json"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(Multipart::boundary_of(bad), Error);
    }
    CHECK_THROWS_AS(Multipart::boundary_of("multipart/form-data; boundary=" + std::string(71, 'a')), Error);
}

TEST_CASE("large data passes in few pieces") {
    std::string rows;
    while (rows.size() < 1'000'000) rows += "1;2;3;some text\r\n";
    std::size_t pieces = 0, bytes = 0;
    Multipart form{"XX", {{}, [&](std::string_view data) { ++pieces, bytes += data.size(); }, {}}};

    form.feed(part("name=a", rows) + "--XX--\r\n");

    CHECK(bytes == rows.size());
    CHECK(pieces == 1);
}
