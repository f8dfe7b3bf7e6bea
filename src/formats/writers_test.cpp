#include <doctest/doctest.h>

#include <initializer_list>
#include <limits>

#include "formats/detail/cells.hpp"
#include "formats/detail/out_buffer.hpp"
#include "formats/output.hpp"

using namespace millrace;
using namespace millrace::formats;

namespace {

struct Memory final : Sink {
    std::string bytes;
    void write(std::string_view more) override { bytes += more; }
};

/// A table in memory: texts and whole numbers.
struct Table {
    std::vector<WriteColumn> columns{{.name = "t", .label = "T", .type = {}}, {.name = "n", .label = "N", .type = {.type = Type::int64}}};
    Column texts, numbers{.type = {.type = Type::int64}};

    explicit Table(std::initializer_list<std::string_view> rows) {
        for (const auto text : rows) add(text);
    }
    void add(std::string_view text) {
        texts.push(text);
        numbers.push(static_cast<std::int64_t>(numbers.rows));
    }
    void write_to(TableWriter& writer) const {
        const Column* const all[] = {&texts, &numbers};
        writer.write({all, 0, texts.rows});
    }
};

std::string written(std::string_view format, const Table& table, const WriteOptions& options = {}, WriteReport* report = nullptr) {
    Memory out;
    const auto writer = find_output(format)->open(out, table.columns, options);
    table.write_to(*writer);
    writer->finish();
    if (report) *report = writer->report();
    return out.bytes;
}

/// Parts that stay in memory.
struct Parts {
    std::vector<std::string> files;
    struct Part final : PartSink {
        explicit Part(Parts& p) : parts{p} {}
        void write(std::string_view more) override { bytes += more; }
        Stored finish() override {
            parts.files.push_back(bytes);
            return {"hash", bytes.size()};
        }
        Parts& parts;
        std::string bytes;
    };
    OpenPart opener() {
        return [this](std::size_t) { return std::make_unique<Part>(*this); };
    }
};

std::string rendered(const Column& column, const WriteColumn& how) {
    char text[value_bytes_max];
    return {text, put_value(text, column, 0, how)};
}

}  // namespace

TEST_CASE("texts that a spreadsheet would run are told from those that only look alike") {
    for (const std::string_view text : {"=1+1", "+SUM(A1)", "-cmd", "-", "+", "@x", "\tx", "\rx", "\n", "'=1", "''@", "＝1", "＋x", "－x", "＠x", "-1+1", "-1e", "-1e+", "+.", "--1", "- "}) {
        CAPTURE(text);
        CHECK(is_formula(text));
    }
    CHECK(is_formula({"\0x", 2}));
    for (const std::string_view text : {"", "a=b", "-1", "+31 20 1234567", "-1.249,00", "-1e5", "-1E-5", "'tis", "'", "1+1", " =1", "é"}) {
        CAPTURE(text);
        CHECK_FALSE(is_formula(text));
    }
}

TEST_CASE("values are rendered exactly") {
    struct Row { const char* name; DataType type; std::int64_t value; bool trimmed; std::uint8_t digits; std::string_view want; };
    const DataType decimal{.type = Type::decimal, .precision = 18, .scale = 3};
    const DataType instant{.type = Type::timestamp, .utc = true};
    for (const Row& row : std::initializer_list<Row>{
             {"smallest number",      {.type = Type::int64}, std::numeric_limits<std::int64_t>::min(), false, 0, "-9223372036854775808"},
             {"18 digits",            decimal, 999'999'999'999'999'999, false, 0, "999999999999999.999"},
             {"below one",            decimal, -5,                      false, 0, "-0.005"},
             {"zeros stay",           decimal, 1500,                    false, 0, "1.500"},
             {"zeros go",             decimal, 1500,                    true,  0, "1.5"},
             {"whole",                decimal, -2000,                   true,  0, "-2"},
             {"before 1970",          {.type = Type::date}, -1,         false, 0, "1969-12-31"},
             {"leap day of 1600",     {.type = Type::date}, -135'081,   false, 0, "1600-02-29"},
             {"far ahead",            {.type = Type::date}, 2'932'897,  false, 0, "10000-01-01"},
             {"last microsecond",     {.type = Type::time}, 86'399'999'999, false, 0, "23:59:59.999999"},
             {"digits as usual",      {.type = Type::time}, 0,          false, 3, "00:00:00.000"},
             {"instant before 1970",  instant, -1,                      false, 0, "1969-12-31T23:59:59.999999Z"},
             {"instant",              instant, 500'000,                 false, 0, "1970-01-01T00:00:00.5Z"},
             {"wall time",            {.type = Type::timestamp}, 0,     false, 0, "1970-01-01T00:00:00"},
         }) {
        CAPTURE(row.name);
        Column column{.type = row.type};
        column.push(row.value);
        CHECK(rendered(column, {.name = "c", .label = "c", .type = row.type, .trimmed = row.trimmed, .second_digits = row.digits}) == row.want);
    }
}

TEST_CASE("bytes that a format cannot hold are replaced and counted") {
    const Table table{{std::string_view{"a\0b", 3}}, {"\xff\xfe"}, {"fine"}};
    struct Row { const char* format; const char* reason; std::uint64_t count; };
    for (const Row& row : std::initializer_list<Row>{
             {"sql", "nul_replaced", 1}, {"sql", "invalid_utf8_replaced", 1}, {"json", "invalid_utf8_replaced", 1}, {"xlsx", "invalid_utf8_replaced", 1},
             {"xml", "invalid_utf8_replaced", 1}, {"markdown", "nul_replaced", 1}}) {
        CAPTURE(row.format);
        WriteReport report;
        written(row.format, table, {}, &report);
        CHECK(report.altered[row.reason] == row.count);
        CHECK(report.rows == 3);
    }
    CHECK(written("ndjson", table).find(R"({"t":"a\u0000b","n":0})") == 0);
    CHECK(written("xml", table).find(R"(<t encoding="base64">YQBi</t>)") != std::string::npos);
    CHECK(written("csv", table) == std::string{"T,N\r\na\0b,0\r\n\xff\xfe,1\r\nfine,2\r\n", 26});
}

TEST_CASE("every format writes a table without rows") {
    for (const auto* format : output_catalog()) {
        CAPTURE(format->name);
        Memory out;
        const auto writer = format->open(out, Table{}.columns, {});
        writer->finish();
        CHECK(writer->report().rows == 0);
        CHECK((format->name == "ndjson") == out.bytes.empty());
    }
    CHECK(written("json", Table{}) == "[\n]\n");
}

TEST_CASE("a cell of any size goes through the buffer whole") {
    for (const std::size_t size : {0u, 1u, 7u, 8u, 9u, 16'383u, 16'384u, 16'385u, 262'143u, 262'144u, 300'000u, 2'000'000u}) {
        CAPTURE(size);
        std::string text(size, 'x');
        for (std::size_t i = 0; i < size; i += 13) text[i] = '"';
        Table table{};
        table.add(text);
        std::string json = "{\"t\":\"", csv = "\"";
        for (const char c : text) {
            json += c == '"' ? "\\\"" : std::string{c};
            csv += c == '"' ? "\"\"" : std::string{c};
        }
        CHECK(written("ndjson", table) == json + "\",\"n\":0}\n");
        CHECK(written("csv", table, {.header = false}) == csv + "\",0\r\n");
    }
}

TEST_CASE("an output is split by rows or bytes, each part complete in itself") {
    Table table{};
    for (int i = 0; i < 1000; ++i) table.add("row " + std::to_string(i));

    Parts by_rows;
    Output rows{*find_output("json"), table.columns, {.split_rows = 300}, by_rows.opener()};
    table.write_to(rows);
    rows.finish();
    REQUIRE(by_rows.files.size() == 4);
    CHECK(rows.manifest().parts[3].rows == 100);
    CHECK(rows.manifest().rows == 1000);
    for (const auto& file : by_rows.files) CHECK((file.starts_with("[\n") && file.ends_with("}\n]\n")));

    Parts by_bytes;
    Output bytes{*find_output("csv"), table.columns, {.compression = Compression::gzip, .split_bytes = 4096}, by_bytes.opener()};
    table.write_to(bytes);
    bytes.finish();
    CHECK(by_bytes.files.size() > 2);
    for (const auto& file : by_bytes.files) CHECK(file.starts_with("\x1f\x8b"));

    Parts whole;
    Output exact{*find_output("csv"), table.columns, {.split_rows = 1000}, whole.opener()};
    table.write_to(exact);
    exact.finish();
    CHECK(whole.files.size() == 1);
    CHECK(exact.manifest().sha256 == "hash");
}

TEST_CASE("more rows than a sheet holds go on in the next one") {
    const auto* format = find_output("xlsx");
    Memory out;
    const auto writer = format->open(out, {{.name = "n", .label = "N", .type = {.type = Type::int64}}}, {.table = "long [list]"});
    Column numbers{.type = {.type = Type::int64}};
    for (std::int64_t i = 0; i < 131'072; ++i) numbers.push(i);
    const Column* const all[] = {&numbers};
    for (int i = 0; i < 9; ++i) writer->write({all, 0, numbers.rows});
    writer->finish();
    CHECK(writer->report().rows == 9 * 131'072);
    CHECK(out.bytes.find("xl/worksheets/sheet2.xml") != std::string::npos);
    CHECK(out.bytes.find("xl/worksheets/sheet3.xml") == std::string::npos);
}

TEST_CASE("too many columns are refused where a format has a limit") {
    std::vector<WriteColumn> columns;
    for (int i = 0; i < 20'000; ++i) columns.push_back({.name = "c" + std::to_string(i), .label = "c", .type = {}});
    Memory out;
    for (const auto* name : {"sql", "sqlite", "xlsx"}) {
        CAPTURE(name);
        CHECK_THROWS_AS(find_output(name)->open(out, columns, {}), Error);
    }
}

TEST_CASE("names stay apart in formats with rules of their own") {
    const std::string longer(70, 'n');
    std::vector<WriteColumn> columns;
    for (const auto& name : {longer + "a", longer + "b", std::string{"1st"}, std::string{"xml data"}, std::string{"€"}}) columns.push_back({.name = name, .label = name, .type = {}});
    Memory sql, xml, sqlite;
    find_output("sqlite")->open(sqlite, {{.name = "a", .label = "", .type = {}}, {.name = {"A\0", 2}, .label = "", .type = {}}, {.name = {"\0", 1}, .label = "", .type = {}}}, {})->finish();
    CHECK(sqlite.bytes.find(R"(("a" TEXT, "A_2" TEXT, "column" TEXT))") != std::string::npos);
    find_output("sql")->open(sql, columns, {})->finish();
    CHECK(sql.bytes.find('"' + std::string(63, 'n') + "\" text") != std::string::npos);
    CHECK(sql.bytes.find('"' + std::string(61, 'n') + "_2\" text") != std::string::npos);
    const auto writer = find_output("xml")->open(xml, columns, {});
    std::vector<Column> cells(columns.size());
    std::vector<const Column*> row;
    for (auto& cell : cells) cell.push(std::string_view{"v"}), row.push_back(&cell);
    writer->write({row, 0, 1});
    writer->finish();
    CHECK(xml.bytes.find("<_1st name=\"1st\">v</_1st><_xml_data name=\"xml data\">v</_xml_data><column_5 name=\"€\">v</column_5>") != std::string::npos);
}
