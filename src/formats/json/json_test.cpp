#include <doctest/doctest.h>

#include <string>

#include "formats/json/json.hpp"
#include "formats/testing.hpp"

namespace millrace::formats::json_files {
namespace {

using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<std::string>>;

ReadBack read(std::string text, ReadOptions options = {}) { return read_all(format(), std::move(text), std::move(options)); }
ReadBack read_lines(std::string text, ReadOptions options = {}) { return read_all(ndjson_format(), std::move(text), std::move(options)); }

std::string recognised(std::string text, std::string_view filename = "") {
    TextSource source{std::move(text)};
    return std::string{recognise(source, filename).name()};
}

}  // namespace

TEST_CASE("the rows of a document are found where they are") {
    struct Case {
        std::string name;
        std::string text;
        Names names;
        Rows rows;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"array", R"([{"a":1,"b":"x"},{"b":"y","a":2}])", {"a", "b"}, {{"1", "x"}, {"2", "y"}}},
             {"no rows", " [ ] ", {"value"}, {}},
             {"one object", R"({"a":1,"b":{"c":2}})", {"a", "b.c"}, {{"1", "2"}}},
             {"wrapper", R"({"count":2,"data":[{"a":1},{"a":2}],"next":null})", {"a"}, {{"1"}, {"2"}}},
             {"deep wrapper", R"({"x":{"y":{"z":[{"a":1}]}}})", {"a"}, {{"1"}}},
             {"array of values in an object", R"({"a":[1,2]})", {"a"}, {{"[1,2]"}}},
             {"values", R"([1,"two",null,[3]])", {"value"}, {{"1"}, {"two"}, {""}, {"[3]"}}},
             {"objects one after the other", "{\"a\":\n1}\n{\"a\":2} {\"b\":3}", {"a", "b"}, {{"1", ""}, {"2", ""}, {"", "3"}}},
             {"byte order mark", "\xef\xbb\xbf[{\"a\":1}]", {"a"}, {{"1"}}},
             {"utf-16", std::string{"\xff\xfe[\0{\0\"\0\xe9\0\"\0:\0001\0}\0]\0", 20}, {"é"}, {{"1"}}},
             {"values of all kinds", R"([null,1,"1",{}])", {"value"}, {{""}, {"1"}, {"1"}, {"{}"}}},
             {"a single value", "42", {"value"}, {{"42"}}},
         }) {
        CAPTURE(c.name);
        const auto got = read(c.text);
        CHECK(got.names == c.names);
        CHECK(got.rows == c.rows);
        CHECK(got.rejects.empty());
    }
}

TEST_CASE("values keep every digit and every character") {
    struct Case {
        std::string name;
        std::string value;
        std::string cell;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"trailing zero", "1.10", "1.10"},
             {"long id", "12345678901234567890123", "12345678901234567890123"},
             {"exponent", "-0.5E+07", "-0.5E+07"},
             {"words", "true", "true"},
             {"escapes", R"("a\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00")", "a\"\\/\b\f\n\r\tAé€😀"},
             {"nul", R"("a\u0000b")", std::string{"a\0b", 3}},
             {"array as it stands", R"([1, {"x": "y"}])", R"([1, {"x": "y"}])"},
             {"empty array", "[]", "[]"},
         }) {
        CAPTURE(c.name);
        const auto got = read("[{\"a\":" + c.value + "}]");
        REQUIRE(got.rows.size() == 1);
        CHECK(got.rows[0][0] == c.cell);
    }
}

TEST_CASE("null and an absent key are null, an empty string is text") {
    TextSource source{R"([{"a":null,"b":"","c":1},{"c":2}])"};
    const auto reader = format().open(source, {});
    TextBatch batch;
    REQUIRE(reader->next(batch));
    CHECK(!batch.at(0, 0).quoted);
    CHECK(batch.at(0, 1).quoted);
    CHECK(batch.at(0, 1).size == 0);
    CHECK(!batch.at(1, 1).quoted);
}

TEST_CASE("objects become columns") {
    struct Case {
        std::string name;
        std::string text;
        Names names;
        Rows rows;
        bool flatten = true;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"order of first appearance", R"([{"b":1},{"a":2,"b":3,"c":{"d":4}},{"c":{"e":5}}])", {"b", "a", "c.d", "c.e"},
              {{"1", "", "", ""}, {"3", "2", "4", ""}, {"", "", "", "5"}}},
             {"null beside an object makes no column", R"([{"a":null},{"a":{"b":1}},{"a":{}}])", {"a.b"}, {{""}, {"1"}, {""}}},
             {"a value beside an object does", R"([{"a":7},{"a":{"b":1}}])", {"a", "a.b"}, {{"7", ""}, {"", "1"}}},
             {"only empty objects", R"([{"a":{}}])", {"a"}, {{"{}"}}},
             {"a dot in a key is another column", R"([{"a.b":1,"a":{"b":2}}])", {"a.b", "a.b"}, {{"1", "2"}}},
             {"escaped keys are the same keys", R"([{"a\u0062":1},{"ab":2}])", {"ab"}, {{"1"}, {"2"}}},
             {"not flattened", R"([{"a":{"b": 1},"c":2}])", {"a", "c"}, {{R"({"b": 1})", "2"}}, false},
         }) {
        CAPTURE(c.name);
        const auto got = read(c.text, {.dialect = {{"flatten", c.flatten}}});
        CHECK(got.names == c.names);
        CHECK(got.rows == c.rows);
    }
}

TEST_CASE("a row that is JSON and still not usable is rejected alone") {
    struct Case {
        std::string name;
        std::string row;
        std::string code;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"duplicate key", R"({"a":1,"a":2})", "duplicate_key"},
             {"duplicate key by an escape", R"({"a":1,"\u0061":2})", "duplicate_key"},
             {"duplicate key further in", R"({"b":{"c":1,"c":1}})", "duplicate_key"},
             {"first half of a pair", R"({"a":"\ud800"})", "lone_surrogate"},
             {"two first halves", R"({"a":"\ud800\ud800\udc00"})", "lone_surrogate"},
             {"second half", R"({"a":"\udc00"})", "lone_surrogate"},
             {"bytes", "{\"a\":\"\xff\"}", "invalid_utf8"},
             {"bytes in a key", "{\"a\xc3\":1}", "invalid_utf8"},
             {"NaN", R"({"a":NaN})", "not_finite"},
             {"infinity", R"({"a":-Infinity})", "not_finite"},
             {"not an object", "[1]", "not_an_object"},
         }) {
        CAPTURE(c.name);
        const auto got = read("[{\"a\":0},\n" + c.row + ",\n{\"a\":3}]");
        CHECK(got.names == Names{"a"});
        CHECK(got.rows == Rows{{"0"}, {"3"}});
        REQUIRE(got.rejects.size() == 1);
        CHECK(got.rejects[0].code == c.code);
        CHECK(got.rejects[0].line == 2);
        CHECK(got.rejects[0].byte_offset == 10);
        CHECK(got.rejects[0].raw == c.row);

        const auto lines = read_lines("{\"a\":0}\n\n" + c.row + "\r\n{\"a\":3}");
        CHECK(lines.rows == Rows{{"0"}, {"3"}});
        CHECK(lines.report.blank_rows == 1);
        REQUIRE(lines.rejects.size() == 1);
        CHECK(lines.rejects[0].code == c.code);
        CHECK(lines.rejects[0].line == 3);
        CHECK(lines.rejects[0].byte_offset == 9);
        CHECK(lines.rejects[0].raw == c.row);
    }
}

TEST_CASE("what is not JSON ends a document, and is a reject of lines") {
    struct Case {
        std::string name;
        std::string text;
        std::string code = "invalid_json";
    };
    for (const Case& c : std::initializer_list<Case>{
             {"comma at the end", R"({"a":1,})"},
             {"comma at the end of an array", R"({"a":[1,]})"},
             {"no comma", R"({"a":1 "b":2})"},
             {"no colon", R"({"a" 1})"},
             {"open object", R"({"a":1)"},
             {"open string", R"({"a":"x)"},
             {"wrong bracket", R"({"a":[1})"},
             {"single quotes", R"({'a':1})"},
             {"bare key", R"({a:1})"},
             {"comment", R"({"a":/*x*/1})"},
             {"leading zero", R"({"a":01})"},
             {"plus", R"({"a":+1})"},
             {"no digits behind the point", R"({"a":1.})"},
             {"no digits before it", R"({"a":.5})"},
             {"no exponent", R"({"a":1e})"},
             {"minus alone", R"({"a":-})"},
             {"half a word", R"({"a":nul})"},
             {"upper case", R"({"a":TRUE})"},
             {"unknown escape", R"({"a":"\x41"})"},
             {"short escape", R"({"a":"\u00g0"})"},
             {"tab in a string", "{\"a\":\"\t\"}"},
             {"nul", std::string{"{\"a\":\0}", 7}},
             {"something behind", R"({"a":1}x)"},
             {"closed twice", R"({"a":1}})"},
             {"too deep", "{\"a\":" + std::string(600, '[') + std::string(600, ']') + "}", "too_deep"},
             {"objects too deep", [] { std::string t; for (int i = 0; i < 600; ++i) t += "{\"a\":"; return t + "1" + std::string(600, '}'); }(), "too_deep"},
         }) {
        CAPTURE(c.name);
        CHECK(code_of([&] { read(c.text); }) == Code::malformed_file);
        CHECK(code_of([&] { read("[" + c.text + "]"); }) == Code::malformed_file);
        const auto got = read_lines(c.text + "\n{\"b\":2}\n");
        CHECK(got.names == Names{"b"});
        CHECK(got.rows == Rows{{"2"}});
        REQUIRE(got.rejects.size() == 1);
        CHECK(got.rejects[0].code == c.code);
    }
}

TEST_CASE("an error says where") {
    try {
        read("[{\"a\":1},\n {\"a\":tru}]");
        FAIL("it was read");
    } catch (const Error& error) {
        REQUIRE(error.arg("line") != nullptr);
        CHECK(*error.arg("line") == "2");
        CHECK(*error.arg("offset") == "16");
    }
}

TEST_CASE("each array of objects is a table, the largest one first") {
    const std::string text = R"({"users":[{"id":1}],"more":{"orders":[{"no":1},{"no":2}]},"at":"now"})";
    TextSource source{text};
    const auto tables = format().tables(source, {});
    REQUIRE(tables.size() == 2);
    CHECK(tables[0].name == "more.orders");
    CHECK(tables[1].name == "users");

    const auto main = read(text);
    const auto second = read(text, {.table = 1});

    CHECK(main.rows == Rows{{"1"}, {"2"}});
    CHECK(main.report.other_table_rows == 1);
    CHECK(main.report.warnings.size() == 1);
    CHECK(second.names == Names{"id"});
    CHECK(second.report.other_table_rows == 2);
    // A key that only the last row has is not forgotten over the rows of others before it.
    CHECK(read(R"({"a": [{"x": 1}, {"x": 2}, {"x": 3}], "b": [{"y": 4}]})", {.table = 1}).rows == Rows{{"4"}});
    CHECK(read(R"({"a": [{"x": 1}], "b": [{"y": 4}, {"y": 5, "z": 6}]})").rows == Rows{{"4", ""}, {"5", "6"}});
    CHECK(code_of([&] { read(text, {.table = 2}); }) == Code::invalid_parameter);
}

TEST_CASE("a document of many windows is read as a small one") {
    std::string text = "[";
    std::string lines;
    for (int i = 0; i < 60'000; ++i) {
        const auto row = "{\"id\":" + std::to_string(i) + ",\"name\":\"n\\u00e9 " + std::string(static_cast<std::size_t>(i % 90), 'x') + "\",\"sub\":{\"k\":[1,2]}}";
        text += (i > 0 ? ",\n" : "") + row;
        lines += row + "\n";
    }
    text += "]";
    CHECK(text.size() > 4'000'000);

    const auto got = read(text);
    const auto by_line = read_lines(lines);

    CHECK(got.rows.size() == 60'000);
    CHECK(got.rows.back() == std::vector<std::string>{"59999", "né " + std::string(59'999 % 90, 'x'), "[1,2]"});
    CHECK(by_line.rows == got.rows);
    CHECK(by_line.names == got.names);
}

TEST_CASE("a row longer than a window is read, one beyond the limit is refused") {
    const auto row = "{\"a\":\"" + std::string(3'000'000, 'x') + "\"}";
    CHECK(read("[" + row + "," + row + "]").rows.size() == 2);
    CHECK(read_lines(row + "\n" + row).rows.size() == 2);
    CHECK(code_of([&] { read("[" + row + "]", {.record_bytes_max = 1 << 20}); }) == Code::line_too_long);
    CHECK(code_of([&] { read_lines(row, {.record_bytes_max = 1 << 20}); }) == Code::line_too_long);
}

TEST_CASE("columns are bounded, and rejected rows add none") {
    std::string text;
    for (int i = 0; i < 50; ++i) text += "{\"k" + std::to_string(i) + "\":NaN}\n";
    CHECK(read_lines(text + "{\"a\":1}", {.columns_max = 5}).names == Names{"a"});
    std::string wide = "[{";
    for (int i = 0; i < 30; ++i) wide += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
    wide += "}]";
    CHECK(read(wide, {.columns_max = 30}).names.size() == 30);
    CHECK(code_of([&] { read(wide, {.columns_max = 29}); }) == Code::too_many_columns);
}

TEST_CASE("JSON is recognised by what it says") {
    CHECK(recognised(R"([{"a":1}])") == "json");
    CHECK(recognised(R"({"a":1})", "x.csv") == "json");
    CHECK(recognised("{\"a\":1}\n{\"a\":2}\n", "x.txt") == "ndjson");
    CHECK(recognised("{\"a\":1}\n{\"a\":2\n{\"a\":3}\n") == "ndjson");
    CHECK(recognised("{\"a\":1}\n", "x.jsonl") == "ndjson");
    CHECK(recognised("{\n\"a\":1}\n{\"a\":2}\n") == "json");
    CHECK(recognised("[1,2]\n[3,4]\n", "x.csv") == "csv");
    CHECK(recognised("{a},{b}\n1,2\n", "x.csv") == "csv");
    CHECK(recognised("[{\"a\":1},", "x.json") == "json");
    CHECK(recognised("a,b\n{\"x\":1},2\n") == "csv");
}

TEST_CASE("unknown keys of the dialect are refused") {
    CHECK(code_of([] { read("[]", {.dialect = {{"delimiter", ";"}}}); }) == Code::invalid_parameter);
    CHECK(code_of([] { read("[]", {.dialect = {{"flatten", 1}}}); }) == Code::invalid_parameter);
}

}  // namespace millrace::formats::json_files
