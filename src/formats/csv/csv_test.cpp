#include "formats/csv/csv.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "formats/csv/testing.hpp"

namespace millrace::formats::csv {
namespace {

using Table = std::vector<std::vector<std::string>>;

TEST_CASE("a regular file becomes its rows") {
    const auto got = read_all("id,name,when\r\n1,anna,2024-01-02\r\n2,\"b, \"\"c\"\"\",2024-01-03\r\n3,,2024-01-04\r\n");

    CHECK(got.names == std::vector<std::string>{"id", "name", "when"});
    CHECK(got.header);
    CHECK(got.rows == Table{{"1", "anna", "2024-01-02"}, {"2", "b, \"c\"", "2024-01-03"}, {"3", "", "2024-01-04"}});
    CHECK(got.report.rows_in == 4);
    CHECK(got.report.rows_reported == 1);
}

TEST_CASE("dialects are found out") {
    struct Row {
        std::string name;
        std::string text;
        std::string delimiter;
        std::string quote;
        std::string escape;
        Table want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"semicolon", "id;amount\n1;2,50\n2;3,75\n3;1,00\n", ";", "\"", "doubled", {{"1", "2,50"}, {"2", "3,75"}, {"3", "1,00"}}},
             {"tab", "id\tname\n1\ta b\n2\tc, d\n", "\t", "\"", "doubled", {{"1", "a b"}, {"2", "c, d"}}},
             {"pipe", "id|name\n1|a b\n2|c d\n", "|", "\"", "doubled", {{"1", "a b"}, {"2", "c d"}}},
             {"single quotes", "id,name\n1,'a, b'\n2,'c, ''d'''\n3,'x'\n", ",", "'", "doubled", {{"1", "a, b"}, {"2", "c, 'd'"}, {"3", "x"}}},
             {"backslash", "id,name\n1,\"a \\\"b\\\", c\"\n2,\"d\"\n3,\"e, f\"\n", ",", "\"", "backslash", {{"1", "a \"b\", c"}, {"2", "d"}, {"3", "e, f"}}},
             {"comma and space", "id, name, city\n1, \"a, b\", X\n2, c, Y\n3, d, Z\n", ", ", "\"", "doubled", {{"1", "a, b", "X"}, {"2", "c", "Y"}, {"3", "d", "Z"}}},
             {"carriage returns", "id,name\r1,a\r2,b\r", ",", "\"", "doubled", {{"1", "a"}, {"2", "b"}}},
             {"mixed line ends", "id,name\r\n1,a\n2,b\r3,c", ",", "\"", "doubled", {{"1", "a"}, {"2", "b"}, {"3", "c"}}},
         }) {
        CAPTURE(row.name);
        const auto got = read_all(row.text);
        CHECK(std::string_view{got.report.dialect.at("delimiter").as_string()} == row.delimiter);
        CHECK(std::string_view{got.report.dialect.at("quote").as_string()} == row.quote);
        CHECK(std::string_view{got.report.dialect.at("escape").as_string()} == row.escape);
        CHECK(got.rows == row.want);
    }
}

TEST_CASE("encodings become UTF-8") {
    struct Row {
        std::string name;
        std::string text;
        std::string encoding;
    };
    const auto utf16 = [](std::string_view text, bool little, bool bom) {
        std::u16string units = bom ? u"\ufeff" : u"";
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text.substr(i, 2) == "é") units += u'é', ++i;
            else units += static_cast<char16_t>(text[i]);
        }
        std::string bytes;
        for (const char16_t u : units) {
            const char low = static_cast<char>(u & 0xff);
            const char high = static_cast<char>(u >> 8);
            bytes += little ? std::string{low, high} : std::string{high, low};
        }
        return bytes;
    };
    const std::string text = "id,name\n1,café\n2,plain\n";
    for (const Row& row : std::initializer_list<Row>{
             {"utf-8", text, "utf-8"},
             {"utf-8 with mark", "\xef\xbb\xbf" + text, "utf-8"},
             {"windows-1252", "id,name\n1,caf\xe9\n2,plain\n", "windows-1252"},
             {"utf-16le with mark", utf16(text, true, true), "utf-16le"},
             {"utf-16be with mark", utf16(text, false, true), "utf-16be"},
             {"utf-16le", utf16(text, true, false), "utf-16le"},
             {"utf-16be", utf16(text, false, false), "utf-16be"},
         }) {
        CAPTURE(row.name);
        const auto got = read_all(row.text);
        CHECK(got.rows == Table{{"1", "café"}, {"2", "plain"}});
        CHECK(got.names == std::vector<std::string>{"id", "name"});
        CHECK(std::string_view{got.report.dialect.at("encoding").as_string()} == row.encoding);
    }
}

TEST_CASE("a row that cannot be read is a reject with its place, and nothing else is lost") {
    const auto got = read_all("id,naam\n1,één\n2,tw\xff" "e\n3,drie\nx,y,z,w\n4,vier\n");

    CHECK(got.rows == Table{{"1", "één"}, {"3", "drie"}, {"4", "vier"}});
    REQUIRE(got.rejects.size() == 2);
    CHECK(got.rejects[0].code == "invalid_utf8");
    CHECK(got.rejects[0].line == 3);
    CHECK(got.rejects[0].byte_offset == 16);
    CHECK(got.rejects[0].raw == "2,tw\xff" "e");
    CHECK(got.rejects[1].code == "too_many_fields");
    CHECK(got.rejects[1].line == 5);
    CHECK(got.report.rows_in == 6);
}

TEST_CASE("files that are no tables end with an error that says why") {
    struct Row {
        std::string name;
        std::string text;
        Code want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"empty", "", Code::empty_file},
             {"only a mark", "\xef\xbb\xbf", Code::empty_file},
             {"blank lines", "\n\r\n \n", Code::empty_file},
             {"NUL", std::string("a,b\n1,\0002\n", 10), Code::not_text},
             {"columns", std::string(30'000, ',') + "\n", Code::too_many_columns},
         }) {
        CAPTURE(row.name);
        CHECK(code_of([&] { read_all(row.text); }) == row.want);
    }
}

TEST_CASE("a record longer than the limit is an error, in memory bounded by the limit") {
    ReadOptions options;
    options.record_bytes_max = 4 << 20;
    CHECK(code_of([&] { read_all("a,b\n1,2\n" + std::string(20 << 20, 'x'), options); }) == Code::line_too_long);
    CHECK(code_of([&] { read_all(std::string(20 << 20, 'x'), options); }) == Code::line_too_long);
    CHECK(code_of([&] { read_all("a,b\n1,2\n3,\"" + std::string(20 << 20, 'x'), options); }) == Code::line_too_long);
}

TEST_CASE("tables below each other are read one by one, each with the account of the whole file") {
    std::string stock = "code,name,price\n";
    std::string towns = "town,people\n";
    std::string days = "day,open,close,note,staff\n";
    for (int i = 10; i < 40; ++i) {
        const auto n = std::to_string(i);
        stock += "A-" + n + ",bolt " + n + ",1." + n + "\n";
        towns += "town" + n + "," + n + "000\n";
        if (i == 20) towns += "x,1,too many\n";
        days += "2024-03-" + n + ",8:00,17:00,fine," + n + "\n";
    }
    const auto text = stock + "\n" + towns + "\n" + days;

    TextSource source{text};
    CHECK(format().tables(source, {}).size() == 3);
    CHECK(read_all(text).names == std::vector<std::string>{"code", "name", "price"});
    const auto second = read_all(text, {.table = 1});
    CHECK(second.names == std::vector<std::string>{"town", "people"});
    CHECK(second.rows.size() == 30);
    REQUIRE(second.rejects.size() == 1);
    CHECK(second.rejects[0].line == 45);
    CHECK(text.substr(second.rejects[0].byte_offset, 4) == "x,1,");
    CHECK(second.report.bytes == text.size());
    CHECK(second.report.other_table_rows == 62);
    const auto third = read_all(text, {.table = 2});
    CHECK(third.rows.size() == 30);
    CHECK(third.rows[0][0] == "2024-03-10");
    CHECK(code_of([&] { read_all(text, {.table = 3}); }) == Code::invalid_parameter);

    TextSink sink;
    convert(source, sink, {.table = 2});
    CHECK(sink.text.starts_with("day,open,close,note,staff\r\n2024-03-10,"));
}

TEST_CASE("overrides are taken, and wrong ones are refused") {
    ReadOptions options;
    options.dialect = {{"delimiter", ";"}, {"header", false}, {"quote", nullptr}};
    const auto got = read_all("a;\"b\nc;d\n", options);
    CHECK(got.rows == Table{{"a", "\"b"}, {"c", "d"}});
    CHECK(got.names == std::vector<std::string>{"column_1", "column_2"});

    for (const json::object& wrong : std::initializer_list<json::object>{
             {{"delimiter", ""}}, {{"delimiter", 5}}, {{"encoding", "klingon"}}, {{"colour", "red"}}, {{"header_rows", -1}}}) {
        options.dialect = wrong;
        CHECK(code_of([&] { read_all("a,b\n", options); }) == Code::invalid_parameter);
    }
}

}  // namespace
}  // namespace millrace::formats::csv
