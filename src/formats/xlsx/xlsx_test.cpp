#include "formats/xlsx/xlsx.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/xlsx/testing.hpp"

using namespace millrace;
using namespace millrace::formats;
using namespace millrace::formats::xlsx;
using formats::code_of;
using formats::read_all;
using formats::sheet::Rows;
using formats::sheet::tables_of;
using formats::sheet::zip_of;

namespace {

/// What one cell becomes, given its XML and the rest of the workbook. Two rows, so that there is a heading.
std::string value_of(const std::string& cell, Book book = {}) {
    book.sheets = {{.name = "one", .rows = "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>name</v></c><c r=\"B1\" t=\"str\"><v>value</v></c></row>"
                                           "<row r=\"2\"><c r=\"A2\" t=\"str\"><v>a</v></c>" + cell + "</row>"}};
    const auto got = read_all(format(), book_of(book), {.dialect = {{"header", true}}});
    REQUIRE(got.rows.size() == 1);
    return got.rows[0].at(1);
}

std::string text_cell(const std::string& place, const std::string& text) {
    return "<c r=\"" + place + "\" t=\"inlineStr\"><is><t>" + text + "</t></is></c>";
}

std::string number_cell(const std::string& place, const std::string& number) { return "<c r=\"" + place + "\"><v>" + number + "</v></c>"; }

}  // namespace

TEST_CASE("a cell becomes the text that people see, without a loss") {
    struct Row {
        std::string name;
        const char* cell;
        const char* want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"whole", "<c r=\"B2\"><v>42</v></c>", "42"},
             {"negative", "<c r=\"B2\"><v>-7.25</v></c>", "-7.25"},
             {"0.1 + 0.2", "<c r=\"B2\"><v>0.30000000000000004</v></c>", "0.3"},
             {"17 digits", "<c r=\"B2\"><v>1234567890.1234567</v></c>", "1234567890.12346"},
             {"a long id", "<c r=\"B2\"><v>123456789012345678</v></c>", "123456789012345678"},
             {"exponent", "<c r=\"B2\"><v>1.5E-3</v></c>", "0.0015"},
             {"large exponent", "<c r=\"B2\"><v>1E+15</v></c>", "1000000000000000"},
             {"very large", "<c r=\"B2\"><v>1.7976931348623157E308</v></c>", "1.79769313486232e308"},
             {"trailing zero", "<c r=\"B2\"><v>1.50</v></c>", "1.5"},
             {"zero", "<c r=\"B2\"><v>-0</v></c>", "0"},
             {"percent keeps its number", "<c r=\"B2\" s=\"5\"><v>0.125</v></c>", "0.125"},
             {"true", "<c r=\"B2\" t=\"b\"><v>1</v></c>", "TRUE"},
             {"false", "<c r=\"B2\" t=\"b\"><v>0</v></c>", "FALSE"},
             {"error", "<c r=\"B2\" t=\"e\"><v>#N/A</v></c>", "#N/A"},
             {"formula with text", "<c r=\"B2\" t=\"str\"><f>A2&amp;\"b\"</f><v>ab</v></c>", "ab"},
             {"formula with a number", "<c r=\"B2\"><f>1+1</f><v>2</v></c>", "2"},
             {"formula without a value", "<c r=\"B2\"><f>1+1</f></c>", ""},
             {"shared", "<c r=\"B2\" t=\"s\"><v>0</v></c>", "shared"},
             {"rich shared", "<c r=\"B2\" t=\"s\"><v>1</v></c>", "two runs"},
             {"phonetic guide", "<c r=\"B2\" t=\"s\"><v>2</v></c>", "課長"},
             {"escape", "<c r=\"B2\" t=\"s\"><v>3</v></c>", "a\rb_x000D_c_xZZZZ_"},
             {"empty shared", "<c r=\"B2\" t=\"s\"><v>4</v></c>", ""},
             {"inline", "<c r=\"B2\" t=\"inlineStr\"><is><t>in &lt;line&gt;</t></is></c>", "in <line>"},
             {"rich inline", "<c r=\"B2\" t=\"inlineStr\"><is><r><rPr><b/></rPr><t>in</t></r><r><t xml:space=\"preserve\"> line</t></r></is></c>", "in line"},
             {"quotes, commas, line ends", "<c r=\"B2\" t=\"str\"><v>a \"b\", c\n\nd\x1f;</v></c>", nullptr},
             {"spaces", "<c r=\"B2\" t=\"str\"><v> x </v></c>", " x "},
             {"date", "<c r=\"B2\" s=\"1\"><v>45322</v></c>", "2024-01-31"},
             {"date with a time", "<c r=\"B2\" s=\"1\"><v>45322.5</v></c>", "2024-01-31T12:00:00"},
             {"timestamp", "<c r=\"B2\" s=\"2\"><v>45322.416666666664</v></c>", "2024-01-31T10:00:00"},
             {"timestamp at midnight", "<c r=\"B2\" s=\"2\"><v>45322</v></c>", "2024-01-31T00:00:00"},
             {"milliseconds", "<c r=\"B2\" s=\"2\"><v>45322.41666810185</v></c>", "2024-01-31T10:00:00.124"},
             {"time", "<c r=\"B2\" s=\"3\"><v>0.4375</v></c>", "10:30:00"},
             {"elapsed", "<c r=\"B2\" s=\"4\"><v>1.0625</v></c>", "25:30:00"},
             {"custom date", "<c r=\"B2\" s=\"6\"><v>45322</v></c>", "2024-01-31"},
             {"custom number with letters in quotes", "<c r=\"B2\" s=\"7\"><v>12</v></c>", "12"},
             {"day 60", "<c r=\"B2\" s=\"1\"><v>60</v></c>", "1900-02-29"},
             {"day 59", "<c r=\"B2\" s=\"1\"><v>59</v></c>", "1900-02-28"},
             {"day 61", "<c r=\"B2\" s=\"1\"><v>61</v></c>", "1900-03-01"},
             {"a negative date is a number", "<c r=\"B2\" s=\"1\"><v>-1</v></c>", "-1"},
             {"beyond the year 9999", "<c r=\"B2\" s=\"1\"><v>2958466</v></c>", "2958466"},
             {"date of a strict workbook", "<c r=\"B2\" s=\"1\" t=\"d\"><v>2024-01-31T00:00:00</v></c>", "2024-01-31"},
         }) {
        CAPTURE(row.name);
        const Book book{.shared = "<si><t>shared</t></si><si><r><t>two</t></r><r><rPr/><t> runs</t></r></si>"
                                  "<si><t>課長</t><rPh sb=\"0\" eb=\"2\"><t>カチョウ</t></rPh></si><si><t>a_x000D_b_x005F_x000D_c_xZZZZ_</t></si><si><t/></si>",
                        .formats = "<numFmt numFmtId=\"164\" formatCode=\"[$-413]d\\ mmm\\ yyyy;@\"/><numFmt numFmtId=\"165\" formatCode=\"0.0 &quot;days&quot;\"/>",
                        .cell_formats = "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/><xf numFmtId=\"20\"/><xf numFmtId=\"46\"/>"
                                        "<xf numFmtId=\"10\"/><xf numFmtId=\"164\"/><xf numFmtId=\"165\"/>"};
        if (row.want == nullptr) CHECK(code_of([&] { value_of(row.cell, book); }) == Code::malformed_file);  // 0x1f is not XML
        else CHECK(value_of(row.cell, book) == row.want);
    }
}

TEST_CASE("text with quotes, line ends and separators stays one cell") {
    CHECK(value_of("<c r=\"B2\" t=\"str\"><v>a \"b\", c;\nd\te_x001F_f</v></c>") == "a \"b\", c;\nd\te\x1f" "f");
}

TEST_CASE("dates of a workbook that counts from 1904") {
    const Book book{.cell_formats = "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/>", .properties = "date1904=\"1\""};
    CHECK(value_of("<c r=\"B2\" s=\"1\"><v>43860</v></c>", book) == "2024-01-31");
    CHECK(value_of("<c r=\"B2\" s=\"1\"><v>0</v></c>", book) == "1904-01-01");
}

TEST_CASE("strict workbooks and prefixed elements are read alike") {
    for (const bool strict : {false, true}) {
        const Book book{.sheets = {{.name = "one", .rows = "<x:row><x:c t=\"s\"><x:v>0</x:v></x:c><x:c t=\"s\"><x:v>1</x:v></x:c></x:row>"
                                                           "<x:row><x:c><x:v>1</x:v></x:c><x:c><x:v>2</x:v></x:c></x:row>"}},
                        .shared = "<si><t>a</t></si><si><t>b</t></si>", .prefix = "x:", .strict = strict};
        const auto got = read_all(format(), book_of(book));
        CHECK(got.names == std::vector<std::string>{"a", "b"});
        CHECK(got.rows == Rows{{"1", "2"}});
    }
}

TEST_CASE("the tables of a workbook are its worksheets, visible ones first") {
    const std::string rows = "<row r=\"1\">" + text_cell("A1", "x") + "</row><row r=\"2\">" + number_cell("A2", "1") + "</row>";
    const auto bytes = book_of({.sheets = {{.name = "hidden one", .rows = rows, .attributes = "state=\"hidden\""},
                                           {.name = "chart", .rows = "", .attributes = "", .kind = "chartsheet"},
                                           {.name = "first &amp; shown", .rows = rows},
                                           {.name = "very hidden", .rows = rows, .attributes = "state=\"veryHidden\""},
                                           {.name = "second", .rows = "<row r=\"1\">" + text_cell("A1", "y") + "</row><row r=\"2\">" + number_cell("A2", "2") + "</row>"}}});

    CHECK(tables_of(format(), bytes) == std::vector<std::pair<std::string, bool>>{
                                            {"first & shown", false}, {"second", false}, {"hidden one", true}, {"very hidden", true}});
    CHECK(read_all(format(), bytes).names == std::vector<std::string>{"x"});
    const auto second = read_all(format(), bytes, {.table = 1});
    CHECK(second.names == std::vector<std::string>{"y"});
    CHECK(second.report.dialect.at("sheet").as_string() == "second");
    CHECK(code_of([&] { read_all(format(), bytes, {.table = 4}); }) == Code::invalid_parameter);
}

TEST_CASE("a table is found where it stands on its sheet") {
    std::string rows = "<row r=\"2\">" + text_cell("C2", "Orders of May") + "</row><row r=\"4\">" + text_cell("C4", "id") + text_cell("D4", "city") + text_cell("E4", "price") + "</row>";
    for (int i = 5; i < 30; ++i) {
        if (i == 12) continue;
        const auto n = std::to_string(i);
        rows += "<row r=\"" + n + "\">" + number_cell("C" + n, n) + text_cell("D" + n, i % 2 ? "Utrecht" : "Assen") + number_cell("E" + n, n + ".5") + "</row>";
    }
    const auto got = read_all(format(), sheet_of(rows + "<row r=\"32\">" + text_cell("C32", "Source: the shop") + "</row>"));

    CHECK(got.names == std::vector<std::string>{"id", "city", "price"});
    CHECK(got.rows.size() == 24);
    CHECK(got.rows[0] == std::vector<std::string>{"5", "Utrecht", "5.5"});
    CHECK(got.report.preamble_rows == 1);
    CHECK(got.report.footnote_rows == 1);
    CHECK(got.report.blank_rows == 5);  // rows 1, 3, 12, 30 and 31
    CHECK(got.report.dialect.at("first_column").as_string() == "C");
}

TEST_CASE("a sheet without a heading gets generated names") {
    const auto got = read_all(format(), sheet_of("<row r=\"1\">" + number_cell("A1", "1") + number_cell("B1", "2") + "</row><row r=\"2\">" +
                                                 number_cell("A2", "3") + number_cell("B2", "4") + "</row>"));
    CHECK_FALSE(got.header);
    CHECK(got.names == std::vector<std::string>{"column_1", "column_2"});
    CHECK(got.rows == Rows{{"1", "2"}, {"3", "4"}});
}

TEST_CASE("merged and sparse cells leave gaps, not shifts") {
    const auto got = read_all(format(), sheet_of("<row r=\"1\">" + text_cell("A1", "a") + text_cell("B1", "b") + text_cell("C1", "c") + "</row><row r=\"2\">" +
                                                 number_cell("A2", "1") + "<c r=\"B2\" s=\"3\"/>" + number_cell("C2", "3") + "</row><row r=\"3\">" +
                                                 number_cell("C3", "33") + number_cell("A3", "11") + number_cell("A3", "12") + "</row>"),
                              {.dialect = {{"header", true}}});
    CHECK(got.rows == Rows{{"1", "", "3"}, {"12", "", "33"}});
}

TEST_CASE("a far row costs nothing, and all rows between are accounted for") {
    const auto got = read_all(format(), sheet_of("<row r=\"1\">" + text_cell("A1", "a") + text_cell("B1", "b") + "</row><row r=\"1048576\">" +
                                                 number_cell("A1048576", "1") + number_cell("XFD1048576", "2") + "</row>"),
                              {.dialect = {{"header", true}}});
    CHECK(got.rows.size() == 1);
    CHECK(got.names.size() == 16'384);
    CHECK(got.report.blank_rows == 1'048'574);
    CHECK(got.report.rows_in == 1'048'576);
}

TEST_CASE("a row with cells outside the columns of its table is rejected with all its cells") {
    std::string rows = "<row r=\"1\">" + text_cell("B1", "a") + text_cell("C1", "b") + "</row>";
    for (int i = 2; i < 5000; ++i) {
        const auto n = std::to_string(i);
        rows += "<row r=\"" + n + "\">" + number_cell("B" + n, n) + number_cell("C" + n, n) + (i == 4500 ? number_cell("F" + n, "9") : "") + "</row>";
    }
    const auto got = read_all(format(), sheet_of(rows));
    CHECK(got.rows.size() == 4997);
    REQUIRE(got.rejects.size() == 1);
    CHECK(got.rejects[0].line == 4500);
    CHECK(got.rejects[0].code == "too_many_fields");
    CHECK(got.rejects[0].raw == "B4500=4500\tC4500=4500\tF4500=9");
}

TEST_CASE("what text alone knows is passed over with a warning") {
    const auto got = read_all(format(), sheet_of("<row r=\"1\">" + text_cell("A1", "a") + "</row><row r=\"2\">" + number_cell("A2", "1") + "</row>"),
                              {.dialect = {{"delimiter", ";"}}});
    CHECK(got.rows == Rows{{"1"}});
    CHECK(got.report.warnings == std::vector<std::string>{"a workbook has no delimiter"});
}

TEST_CASE("damaged and hostile workbooks are refused by name") {
    const auto good = sheet_of("<row r=\"1\">" + text_cell("A1", "a") + "</row>");
    const auto with = [](const std::string& name, const std::string& content) {
        auto parts = parts_of({.sheets = {{.name = "one", .rows = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>"}}});
        for (auto& part : parts) {
            if (part.name == name) part.content = content;
        }
        return zip_of(parts);
    };
    const auto without = [](const std::string& name) {
        auto parts = parts_of({.sheets = {{.name = "one", .rows = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>"}}});
        std::erase_if(parts, [&](const auto& part) { return part.name == name; });
        return zip_of(parts);
    };
    const auto many = [](std::size_t entries) {
        auto parts = parts_of({.sheets = {{.name = "one", .rows = ""}}});
        for (std::size_t i = 0; i < entries; ++i) parts.push_back({"x" + std::to_string(i), "", true});
        return zip_of(parts);
    };
    const auto encrypted = [] {
        auto parts = parts_of({.sheets = {{.name = "one", .rows = ""}}});
        for (auto& part : parts) part.password = "secret";
        return zip_of(parts);
    };
    const auto bomb = [] {
        auto parts = parts_of({.sheets = {{.name = "one", .rows = std::string(200'000'000, ' ') + "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>"}}});
        return zip_of(parts);
    };
    std::string compound = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + std::string(2000, '\0');
    for (const char c : std::string{"EncryptedPackage"}) compound.append(1, c).append(1, '\0');
    std::string deep;
    for (int i = 0; i < 300; ++i) deep += "<x>";
    const std::string xml = "<?xml version=\"1.0\"?>";
    const std::string sheet_name = "xl/worksheets/sheet1.xml";

    struct Row {
        std::string name;
        std::string bytes;
        Code want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"not a zip", "PK\x03\x04 and then nothing", Code::malformed_file},
             {"truncated", good.substr(0, good.size() / 2), Code::malformed_file},
             {"without its end", good.substr(0, good.size() - 30), Code::malformed_file},
             {"no workbook", without("xl/workbook.xml"), Code::malformed_file},
             {"no sheet", without(sheet_name), Code::malformed_file},
             {"no relations", without("xl/_rels/workbook.xml.rels"), Code::malformed_file},
             {"binary workbook", with("_rels/.rels", "<Relationships><Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"xl/workbook.bin\"/></Relationships>"), Code::unsupported_format},
             {"XML cut off", with(sheet_name, "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row>"), Code::malformed_file},
             {"empty part", with(sheet_name, ""), Code::malformed_file},
             {"entity bomb", with(sheet_name, xml + "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><worksheet>&c;</worksheet>"), Code::malformed_file},
             {"external entity", with("xl/sharedStrings.xml", xml + "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><sst><si><t>&b;</t></si></sst>"), Code::malformed_file},
             {"deep", with(sheet_name, deep), Code::malformed_file},
             {"endless tag", with(sheet_name, "<worksheet a=\"" + std::string(20'000'000, 'x')), Code::malformed_file},
             {"row number too large", sheet_of("<row r=\"1048577\"><c><v>1</v></c></row>"), Code::malformed_file},
             {"row number wraps", sheet_of("<row r=\"18446744073709551617\"><c><v>1</v></c></row>"), Code::malformed_file},
             {"column too far", sheet_of("<row r=\"1\"><c r=\"XFE1\"><v>1</v></c></row>"), Code::malformed_file},
             {"no such place", sheet_of("<row r=\"1\"><c r=\"A-1\"><v>1</v></c></row>"), Code::malformed_file},
             {"no such string", sheet_of("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>"), Code::malformed_file},
             {"string number wraps", sheet_of("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>18446744073709551616</v></c></row>"), Code::malformed_file},
             {"negative string", sheet_of("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>-1</v></c></row>"), Code::malformed_file},
             {"empty sheet", sheet_of(""), Code::no_rows},
             {"cells without values", sheet_of("<row r=\"1\"><c r=\"A1\" s=\"0\"/></row>"), Code::no_rows},
             {"many parts", many(10'001), Code::archive_limits},
             {"200 MB of blanks", bomb(), Code::archive_limits},
             {"entries with a password", encrypted(), Code::encrypted_file},
             {"workbook with a password", compound, Code::encrypted_file},
             {"old document", compound.substr(0, 2000), Code::malformed_file},
         }) {
        CAPTURE(row.name);
        CHECK(code_of([&] { read_all(format(), row.bytes); }) == row.want);
    }
}

TEST_CASE("parts that lie upon each other are refused") {
    // Ten entries of the directory name the same 50,000 bytes.
    auto bytes = zip_of({{"xl/a", std::string(50'000, 'a'), true}});
    const auto directory = bytes.find("PK\x01\x02");
    const auto end = bytes.find("PK\x05\x06");
    const auto entry = bytes.substr(directory, end - directory);
    std::string tail = bytes.substr(end);
    bytes.resize(directory);
    for (int i = 0; i < 10; ++i) {
        auto copy = entry;
        copy[46 + 3] = static_cast<char>('a' + i);
        bytes += copy;
    }
    const auto size = static_cast<std::uint32_t>(entry.size() * 10);
    tail[8] = tail[10] = 10;
    std::memcpy(tail.data() + 12, &size, 4);
    CHECK(code_of([&] { read_all(format(), bytes + tail); }) == Code::archive_limits);
}

TEST_CASE("a workbook is known by its content before its name") {
    const auto book = sheet_of("<row r=\"1\">" + text_cell("A1", "a") + "</row>");
    struct Row {
        std::string name;
        std::string bytes;
        const char* filename;
        double least, most;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"workbook", book, "book.xlsx", 0.9, 1},
             {"workbook by another name", book, "data.zip", 0.9, 1},
             {"workbook that starts with its sheet", zip_of({{"xl/worksheets/sheet1.xml", "<worksheet/>"}}), "", 0.9, 1},
             {"any zip", zip_of({{"a.csv", "a,b"}}), "a.zip", 0, 0},
             {"any zip named xlsx", zip_of({{"a.csv", "a,b"}}), "a.XLSX", 0.5, 0.7},
             {"a letter", zip_of({{"[Content_Types].xml", "<Types/>"}, {"word/document.xml", "<document/>"}}), "letter.docx", 0, 0},
             {"text", "a,b\n1,2\n", "a.xlsx", 0, 0},
         }) {
        CAPTURE(row.name);
        const double sure = format().recognise(std::string_view{row.bytes}.substr(0, 65536), row.bytes.size(), row.filename);
        CHECK(sure >= row.least);
        CHECK(sure <= row.most);
    }
}
