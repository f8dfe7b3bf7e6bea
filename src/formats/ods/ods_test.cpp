#include "formats/ods/ods.hpp"

#include <doctest/doctest.h>

#include "formats/sheet/testing.hpp"

using namespace millrace;
using namespace millrace::formats;
using namespace millrace::formats::ods;
using formats::code_of;
using formats::read_all;
using formats::sheet::Rows;
using formats::sheet::tables_of;
using formats::sheet::zip_of;
using formats::sheet::ZipEntry;

namespace {

constexpr const char* media = "application/vnd.oasis.opendocument.spreadsheet";

std::string content_of(const std::string& tables, const std::string& styles = "") {
    return "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\" xmlns:style=\"s\" xmlns:calcext=\"c\">"
           "<office:automatic-styles>" + styles + "</office:automatic-styles><office:body><office:spreadsheet>" + tables +
           "</office:spreadsheet></office:body></office:document-content>";
}

std::string book_of(const std::string& tables, const std::string& styles = "") {
    return zip_of({{"mimetype", media, true}, {"content.xml", content_of(tables, styles)}, {"META-INF/manifest.xml", "<manifest/>"}});
}

std::string table_of(const std::string& rows, const std::string& attributes = "table:name=\"one\"") {
    return "<table:table " + attributes + "><table:table-column table:number-columns-repeated=\"16384\"/>" + rows + "</table:table>";
}

std::string text_cell(const std::string& text) {
    return "<table:table-cell office:value-type=\"string\"><text:p>" + text + "</text:p></table:table-cell>";
}
std::string number_cell(const std::string& number) {
    return "<table:table-cell office:value-type=\"float\" office:value=\"" + number + "\"><text:p>shown</text:p></table:table-cell>";
}
std::string row_of(const std::string& cells, const std::string& attributes = "") { return "<table:table-row " + attributes + ">" + cells + "</table:table-row>"; }

const std::string heading = row_of(text_cell("name") + text_cell("value"));

std::string value_of(const std::string& cell) {
    const auto got = read_all(format(), book_of(table_of(heading + row_of(text_cell("a") + cell))), {.dialect = {{"header", true}}});
    REQUIRE(got.rows.size() == 1);
    return got.rows[0].at(1);
}

}  // namespace

TEST_CASE("a cell of an OpenDocument sheet becomes the text that people see, without a loss") {
    struct Row {
        std::string name;
        std::string cell;
        const char* want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"number", number_cell("0.30000000000000004"), "0.3"},
             {"percentage", "<table:table-cell office:value-type=\"percentage\" office:value=\"0.125\"><text:p>12,5%</text:p></table:table-cell>", "0.125"},
             {"currency", "<table:table-cell office:value-type=\"currency\" office:currency=\"EUR\" office:value=\"9.5\"><text:p>€ 9,50</text:p></table:table-cell>", "9.5"},
             {"date", "<table:table-cell office:value-type=\"date\" office:date-value=\"2024-01-31\"><text:p>31-01-24</text:p></table:table-cell>", "2024-01-31"},
             {"timestamp", "<table:table-cell office:value-type=\"date\" office:date-value=\"2024-01-31T10:00:00\"><text:p>x</text:p></table:table-cell>", "2024-01-31T10:00:00"},
             {"time", "<table:table-cell office:value-type=\"time\" office:time-value=\"PT10H30M00S\"><text:p>x</text:p></table:table-cell>", "10:30:00"},
             {"time with a fraction", "<table:table-cell office:value-type=\"time\" office:time-value=\"PT25H00M01.500000000S\"><text:p>x</text:p></table:table-cell>", "25:00:01.5"},
             {"no duration", "<table:table-cell office:value-type=\"time\" office:time-value=\"P\"><text:p>x</text:p></table:table-cell>", "P"},
             {"true", "<table:table-cell office:value-type=\"boolean\" office:boolean-value=\"true\"><text:p>WAAR</text:p></table:table-cell>", "TRUE"},
             {"error", "<table:table-cell table:formula=\"of:=NA()\" office:value-type=\"string\" office:string-value=\"\" calcext:value-type=\"error\"><text:p>#N/A</text:p></table:table-cell>", "#N/A"},
             {"paragraphs", "<table:table-cell office:value-type=\"string\"><text:p>one</text:p><text:p/><text:p>two</text:p></table:table-cell>", "one\n\ntwo"},
             {"spans and spaces", text_cell("a <text:span>b</text:span> <text:s text:c=\"3\"/>c<text:tab/>d<text:line-break/>e\n   f "), "a b    c\td\ne f"},
             {"annotation", "<table:table-cell office:value-type=\"string\"><office:annotation><text:p>a note</text:p></office:annotation><text:p>text</text:p></table:table-cell>", "text"},
             {"ruby", text_cell("<text:ruby><text:ruby-base>課長</text:ruby-base><text:ruby-text>カチョウ</text:ruby-text></text:ruby>"), "課長"},
             {"empty", "<table:table-cell/>", ""},
         }) {
        CAPTURE(row.name);
        CHECK(value_of(row.cell) == row.want);
    }
}

TEST_CASE("repeated cells and rows are written as often as they are repeated") {
    const auto got = read_all(format(), book_of(table_of(row_of(text_cell("a") + text_cell("b") + text_cell("c")) +
                                                         row_of(number_cell("1") + "<table:table-cell table:number-columns-repeated=\"2\" office:value-type=\"float\" office:value=\"7\"/>", "table:number-rows-repeated=\"3\"") +
                                                         row_of("<table:table-cell table:number-columns-repeated=\"3\"/>", "table:number-rows-repeated=\"2\"") +
                                                         row_of("<table:covered-table-cell table:number-columns-repeated=\"2\"/>" + number_cell("9") + "<table:table-cell table:number-columns-repeated=\"16381\"/>") +
                                                         row_of("<table:table-cell table:number-columns-repeated=\"16384\"/>", "table:number-rows-repeated=\"1048569\""))),
                              {.dialect = {{"header", true}}});
    CHECK(got.rows == Rows{{"1", "7", "7"}, {"1", "7", "7"}, {"1", "7", "7"}, {"", "", "9"}});
    CHECK(got.report.blank_rows == 2);
    CHECK(got.report.rows_in == 7);
}

TEST_CASE("a million copies of a row are read in bounded memory") {
    const auto bytes = book_of(table_of(heading + row_of(number_cell("1") + number_cell("2"), "table:number-rows-repeated=\"1048575\"")));
    formats::TextSource source{bytes};
    const auto reader = format().open(source, {});
    std::uint64_t rows = 0;
    for (TextBatch batch; reader->next(batch); rows += batch.rows) CHECK(batch.cells.size() < 1'000'000);
    CHECK(rows == 1'048'575);
}

TEST_CASE("the tables of a document are its sheets, visible ones first") {
    const std::string hiding = "<style:style style:name=\"ta2\" style:family=\"table\"><style:table-properties table:display=\"false\"/></style:style>"
                               "<style:style style:name=\"ta1\" style:family=\"table\"><style:table-properties table:display=\"true\"/></style:style>";
    const auto nested = "<table:table-cell><table:table table:name=\"inner\" table:is-sub-table=\"true\">" + row_of(number_cell("99")) + "</table:table></table:table-cell>";
    const auto bytes = book_of("<table:tracked-changes><table:table table:name=\"old\"/></table:tracked-changes>" +
                                   table_of(heading + row_of(text_cell("h") + number_cell("1")), "table:name=\"hidden\" table:style-name=\"ta2\"") +
                                   table_of(heading + row_of(text_cell("s") + number_cell("2") + nested), "table:name=\"shown\" table:style-name=\"ta1\"") +
                                   table_of(heading + row_of(text_cell("t") + number_cell("3")), "table:name=\"third\""),
                               hiding);

    CHECK(tables_of(format(), bytes) == std::vector<std::pair<std::string, bool>>{{"shown", false}, {"third", false}, {"hidden", true}});
    const ReadOptions first{.dialect = {{"header", true}}};
    CHECK(read_all(format(), bytes, first).rows == Rows{{"s", "2"}});
    for (const auto& [table, want] : std::initializer_list<std::pair<std::size_t, const char*>>{{1, "t"}, {2, "h"}}) {
        auto options = first;
        options.table = table;
        CHECK(read_all(format(), bytes, options).rows.at(0).at(0) == want);
    }
    auto options = first;
    options.table = 3;
    CHECK(code_of([&] { read_all(format(), bytes, options); }) == Code::invalid_parameter);
}

TEST_CASE("damaged and hostile documents are refused by name") {
    const auto good = book_of(table_of(heading));
    const auto repeated = [](const std::string& rows, const std::string& columns) {
        return book_of(table_of(heading + row_of("<table:table-cell table:number-columns-repeated=\"" + columns + "\" office:value-type=\"float\" office:value=\"1\"/>",
                                                 "table:number-rows-repeated=\"" + rows + "\"")));
    };
    struct Row {
        std::string name;
        std::string bytes;
        Code want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"truncated", good.substr(0, good.size() - 40), Code::malformed_file},
             {"no content", zip_of({{"mimetype", media, true}}), Code::malformed_file},
             {"no tables", book_of(""), Code::malformed_file},
             {"XML cut off", zip_of({{"mimetype", media, true}, {"content.xml", "<a><b>"}}), Code::malformed_file},
             {"entities", zip_of({{"mimetype", media, true}, {"content.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"}}), Code::malformed_file},
             {"empty sheet", book_of(table_of("")), Code::no_rows},
             {"too many columns of a value", repeated("1", "16385"), Code::malformed_file},
             {"too many rows of a value", repeated("1048577", "1"), Code::malformed_file},
             {"repetitions that wrap", repeated("1", "18446744073709551617"), Code::malformed_file},
             {"repetitions that are none", repeated("1", "many"), Code::malformed_file},
             {"with a password", zip_of({{"mimetype", media, true}, {"content.xml", "\x01\x02"}, {"META-INF/manifest.xml", "<manifest:encryption-data/>"}}), Code::encrypted_file},
         }) {
        CAPTURE(row.name);
        CHECK(code_of([&] { read_all(format(), row.bytes); }) == row.want);
    }
}

TEST_CASE("a largest sheet of one value is read in bounded memory") {
    const auto bytes = book_of(table_of(row_of("<table:table-cell table:number-columns-repeated=\"16384\" office:value-type=\"float\" office:value=\"1\"/>",
                                               "table:number-rows-repeated=\"1048576\"")));
    formats::TextSource source{bytes};
    const auto reader = format().open(source, {});
    std::size_t batches = 0;
    for (TextBatch batch; batches < 100 && reader->next(batch); ++batches) CHECK(batch.cells.size() < 2'000'000);
    CHECK(batches == 100);
}

TEST_CASE("a document is known by the media type inside") {
    const auto book = book_of(table_of(heading));
    CHECK(format().recognise(book, book.size(), "book.zip") > 0.9);
    const auto letter = zip_of({{"mimetype", "application/vnd.oasis.opendocument.text", true}, {"content.xml", ""}});
    CHECK(format().recognise(letter, letter.size(), "letter.ods") == 0);
    const auto archive = zip_of({{"a.csv", "a,b"}});
    CHECK(format().recognise(archive, archive.size(), "a.zip") == 0);
}
