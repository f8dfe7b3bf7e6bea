#include <doctest/doctest.h>

#include <string>

#include "formats/testing.hpp"
#include "formats/xml/xml.hpp"

namespace millrace::formats::xml {
namespace {

using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<std::string>>;

ReadBack read(std::string text, ReadOptions options = {}) { return read_all(format(), std::move(text), std::move(options)); }

std::string recognised(std::string text, std::string_view filename = "") {
    TextSource source{std::move(text)};
    return std::string{recognise(source, filename).name()};
}

}  // namespace

TEST_CASE("the element that repeats is the row") {
    struct Case {
        std::string name;
        std::string text;
        Names names;
        Rows rows;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"elements", "<r><o><id>1</id><n>a</n></o><o><n>b</n><id>2</id></o></r>", {"id", "n"}, {{"1", "a"}, {"2", "b"}}},
             {"attributes", R"(<r><o id="1" n="a"/><o id="2"/></r>)", {"@id", "@n"}, {{"1", "a"}, {"2", ""}}},
             {"attribute and text", R"(<r><o><p c="EUR">1.10</p></o><o><p>2</p></o></r>)", {"p", "p.@c"}, {{"1.10", "EUR"}, {"2", ""}}},
             {"nested", "<r><o><a><b>1</b><c>2</c></a></o><o/></r>", {"a.b", "a.c"}, {{"1", "2"}, {"", ""}}},
             {"further down", "<r><head><t>x</t></head><list><o><a>1</a></o><o><a>2</a></o></list></r>", {"a"}, {{"1"}, {"2"}}},
             {"text of the row itself", R"(<r><o k="1">x</o><o k="2">y</o></r>)", {"#text", "@k"}, {{"x", "1"}, {"y", "2"}}},
             {"plain values", "<r><v>1</v><v>2</v></r>", {"#text"}, {{"1"}, {"2"}}},
             {"nothing repeats", "<r><a>1</a><b><c>2</c></b></r>", {"a", "b.c"}, {{"1", "2"}}},
             {"one record with a list", "<r><id>7</id><tag>a</tag><tag>b</tag></r>", {"id", "tag"}, {{"7", R"(["a","b"])"}}},
             {"rows with lists of parts", "<r><o><l><s>A</s><q>1</q></l><l><s>B</s></l></o><o><l><s>C</s></l></o><o/></r>", {"l"},
              {{R"([{"s":"A","q":"1"},{"s":"B"}])"}, {R"([{"s":"C"}])"}, {""}}},
             {"lists in lists", R"(<r><o><l x="1"><s/><s>B</s>t</l><l/></o><o/><o/></r>)", {"l"},
              {{R"([{"@x":"1","s":[null,"B"],"#text":"t"},null])"}, {""}, {""}}},
             {"entities, CDATA, comments", "<r><o><a>&lt;&amp;&#233;<!-- c --><![CDATA[<x>]]></a></o><o/></r>", {"a"}, {{"<&é<x>"}, {""}}},
             {"layout is no text", "<r>\n <o>\n  <a> x </a>\n </o>\n <o/>\n</r>\n", {"a"}, {{" x "}, {""}}},
             {"namespaces", R"(<x:r xmlns:x="u"><x:o xmlns="v"><a>1</a></x:o><x:o/></x:r>)", {"a"}, {{"1"}, {""}}},
             {"latin-1", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><r><o>\xe9</o><o/></r>", {"#text"}, {{"é"}, {""}}},
             {"windows-1251", "<?xml version='1.0' encoding='windows-1251'?><r><o>\xc6</o><o/></r>", {"#text"}, {{"Ж"}, {""}}},
             {"byte order mark", "\xef\xbb\xbf<r><o>é</o><o/></r>", {"#text"}, {{"é"}, {""}}},
             {"utf-16", std::string{"\xff\xfe<\0r\0>\0<\0o\0>\0\xe9\0<\0/\0o\0>\0<\0o\0/\0>\0<\0/\0r\0>\0", 40}, {"#text"}, {{"é"}, {""}}},
         }) {
        CAPTURE(c.name);
        const auto got = read(c.text);
        CHECK(got.names == c.names);
        CHECK(got.rows == c.rows);
    }
}

TEST_CASE("the row can be given") {
    const std::string text = "<r><o><id>1</id><l><s>A</s></l><l><s>B</s></l><l><s>C</s></l></o><o><id>2</id></o></r>";
    CHECK(read(text).report.dialect.at("row") == "r/o/l");
    const auto orders = read(text, {.dialect = {{"row", "r/o"}}});
    CHECK(orders.names == Names{"id", "l"});
    CHECK(orders.rows.size() == 2);
    CHECK(read(text, {.dialect = {{"row", "l"}}}).rows == Rows{{"A"}, {"B"}, {"C"}});
    CHECK(code_of([&] { read(text, {.dialect = {{"row", "x"}}}); }) == Code::invalid_parameter);
    CHECK(code_of([&] { read(text, {.dialect = {{"rows", "l"}}}); }) == Code::invalid_parameter);
}

TEST_CASE("an empty element is null, an empty attribute is text, and what is outside the rows is named") {
    TextSource source{R"(<r at="x"><o a=""><b/></o><o a="1"><b>2</b></o></r>)"};
    const auto reader = format().open(source, {});
    TextBatch batch;
    REQUIRE(reader->next(batch));
    CHECK(batch.at(0, 0).quoted);
    CHECK(!batch.at(0, 1).quoted);
    CHECK(!reader->next(batch));
    REQUIRE(reader->report().warnings.size() == 1);
    CHECK(reader->report().warnings[0] == "values beside the rows are left out: r/@at");
}

TEST_CASE("what is not well-formed or not wanted is refused, saying where") {
    std::string deep;
    for (int i = 0; i < 300; ++i) deep += "<a>";
    for (int i = 0; i < 300; ++i) deep += "</a>";
    for (const auto& [name, text] : std::initializer_list<std::pair<std::string, std::string>>{
             {"no end", "<r><o>"},
             {"wrong end", "<r><o></r>"},
             {"two roots", "<r/><r/>"},
             {"no element", "<?xml version='1.0'?>"},
             {"duplicate attribute", "<r a='1' a='2'/>"},
             {"unknown entity", "<r>&x;</r>"},
             {"entity declaration", "<!DOCTYPE r [<!ENTITY x 'y'>]><r>&x;</r>"},
             {"entities of entities", "<!DOCTYPE r [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><r>&b;</r>"},
             {"external entity", "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>"},
             {"external definition", "<!DOCTYPE r SYSTEM 'http://example.com/r.dtd'><r/>"},
             {"bytes that are no UTF-8", "<r>\xff</r>"},
             {"unknown encoding", "<?xml version='1.0' encoding='klingon'?><r/>"},
             {"too deep", deep},
         }) {
        CAPTURE(name);
        CHECK(code_of([&] { read(text); }) == Code::malformed_file);
    }
    try {
        read("<r>\n<o></x></r>");
        FAIL("it was read");
    } catch (const Error& error) {
        REQUIRE(error.arg("line") != nullptr);
        CHECK(*error.arg("line") == "2");
        CHECK(*error.arg("offset") == "9");
    }
}

TEST_CASE("sizes are bounded") {
    const auto value = std::string(3 << 20, 'x');
    CHECK(read("<r><o>" + value + "</o><o/></r>").rows[0][0].size() == value.size());
    CHECK(code_of([&] { read("<r><o>" + value + "</o><o/></r>", {.record_bytes_max = 1 << 20}); }) == Code::line_too_long);
    CHECK(code_of([&] { read("<r><o a='" + value + value + "'/><o/></r>", {.record_bytes_max = 1 << 20}); }) == Code::line_too_long);
    std::string wide;
    for (int i = 0; i < 30; ++i) wide += "<c" + std::to_string(i) + "/>";
    CHECK(read("<r><o>" + wide + "</o></r>", {.columns_max = 30}).names.size() == 30);
    CHECK(code_of([&] { read("<r><o>" + wide + "</o></r>", {.columns_max = 29}); }) == Code::too_many_columns);
}

TEST_CASE("a document of many windows is read as a small one") {
    std::string text = "<r>";
    for (int i = 0; i < 50'000; ++i) {
        text += "<o id=\"" + std::to_string(i) + "\"><n>né " + std::string(static_cast<std::size_t>(i % 90), 'x') + "</n></o>\n";
    }
    const auto got = read(text + "</r>");
    CHECK(got.names == Names{"@id", "n"});
    REQUIRE(got.rows.size() == 50'000);
    CHECK(got.rows.back() == std::vector<std::string>{"49999", "né " + std::string(49'999 % 90, 'x')});
}

TEST_CASE("XML is recognised by what it says") {
    CHECK(recognised("<?xml version=\"1.0\"?><r/>") == "xml");
    CHECK(recognised("\n<r><o/></r>", "x.csv") == "xml");
    CHECK(recognised("<r><o></r>", "x.xml") == "xml");
    CHECK(recognised("<a>,<b>\n1,2\n") == "csv");
    CHECK(recognised("<!DOCTYPE html><html><body/></html>") == "csv");
}

}  // namespace millrace::formats::xml
