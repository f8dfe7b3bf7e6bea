#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/error.hpp"
#include "datasets/build.hpp"
#include "datasets/rows.hpp"
#include "datasets/testing.hpp"
#include "datasets/typing.hpp"
#include "formats/csv/csv.hpp"

using namespace millrace;
using namespace millrace::datasets;
using formats::Cell;
using formats::Type;

namespace {

using testing::Memory;

/// A cell as a test writes it: nothing is a null, anything else the text; `"` at the start means quoted.
using Text = std::optional<std::string>;

/// A table in memory, handed out in batches of a few rows.
struct Table {
    std::vector<std::string> names;
    std::vector<std::vector<Text>> rows;
    std::size_t batch_rows = 7;
    std::vector<formats::Reject> rejects;
};

struct TableReader final : formats::TableReader {
    const Table& table;
    std::function<void(formats::Reject)> on_reject;
    std::size_t at = 0;
    formats::ReadReport done;

    TableReader(const Table& t, std::function<void(formats::Reject)> r) : table{t}, on_reject{std::move(r)} {
        for (const auto& reject : table.rejects) on_reject(reject);
        done.rows_rejected = table.rejects.size();
        done.rows_out = table.rows.size();
        done.header_rows = done.rows_reported = 1;
        done.rows_in = done.rows_out + done.rows_rejected + done.rows_reported;
    }
    const std::vector<std::string>& names() const override { return table.names; }
    bool has_header() const override { return true; }
    const formats::ReadReport& report() const override { return done; }
    bool next(formats::TextBatch& batch) override {
        if (at == table.rows.size()) return false;
        batch.columns = table.names.size();
        batch.first_row = at;
        batch.rows = std::min(table.batch_rows, table.rows.size() - at);
        batch.cells.clear();
        for (std::size_t i = 0; i < batch.rows; ++i, ++at) {
            for (const auto& text : table.rows[at]) {
                batch.cells.push_back(text ? Cell{text->data(), static_cast<std::uint32_t>(text->size()), text->empty()} : Cell{});
            }
        }
        batch.bytes_consumed = at;
        return true;
    }
};

struct Built {
    Memory data, texts, rejects;
    BuildResult result;
    std::vector<std::uint64_t> progress;

    explicit Built(const Table& table, BuildOptions options = {}) {
        const Sinks sinks{&data, &texts, &rejects, [this] {
            data.bytes.clear();
            texts.bytes.clear();
            rejects.bytes.clear();
        }};
        options.source_bytes = table.rows.size();
        options.on_progress = [this](std::uint64_t bytes, std::uint64_t) { progress.push_back(bytes); };
        result = build([&](auto on_reject) { return std::make_unique<TableReader>(table, std::move(on_reject)); }, sinks, options);
    }
    RowReader rows() { return {data, result.texts_bytes > 0 ? &texts : nullptr, result.columns}; }
    std::string json() {
        std::string out;
        rows().append_json({}, out);
        return out;
    }
    std::string csv() {
        Memory out;
        auto reader = rows();
        const auto writer = formats::find_output("csv")->open(out, reader.write_columns(), {.header = false});
        reader.write({}, Values::original, *writer);
        writer->finish();
        return out.bytes;
    }
};

Table one_column(std::vector<Text> cells) {
    Table table{.names = {"c"}};
    for (auto& cell : cells) table.rows.push_back({std::move(cell)});
    return table;
}

/// What `write_csv` must give for a table, written in the plainest way.
std::string plain_csv(const Table& table) {
    std::string out;
    for (const auto& row : table.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) out += ',';
            if (!row[i]) {
                if (row.size() == 1) out += "\"\"";
                continue;
            }
            if (!row[i]->empty() && row[i]->find_first_of(",\"\r\n") == std::string::npos) {
                out += *row[i];
                continue;
            }
            out += '"';
            for (const char c : *row[i]) out += c == '"' ? "\"\"" : std::string(1, c);
            out += '"';
        }
        out += "\r\n";
    }
    return out;
}

}  // namespace

TEST_CASE("a column gets the narrowest type that holds all of its texts") {
    struct Row { const char* name; std::vector<Text> cells; Type type; const char* notation; };
    for (const Row& row : std::initializer_list<Row>{
             {"whole numbers",            {"1", "-2", {}, "0"},                         Type::int64, ""},
             {"leading zeros",            {"007", "123"},                               Type::text, ""},
             {"leading zero later",       {"1", "2", "3", "4", "5", "6", "7", "8", "08"}, Type::text, ""},
             {"plus sign",                {"+5", "4"},                                  Type::text, ""},
             {"minus zero",               {"-0", "4"},                                  Type::text, ""},
             {"18 digits",                {"123456789012345678"},                       Type::int64, ""},
             {"19 digits",                {"1234567890123456789"},                      Type::text, ""},
             {"decimals",                 {"1.50", "2.25"},                             Type::decimal, "0.00"},
             {"trimmed decimals",         {"1.5", "2.25", "3"},                         Type::decimal, "0.##"},
             {"decimal with zeros",       {"00.5", "1.5"},                              Type::text, ""},
             {"too many digits together", {"1234567890.5", "0.1234567890123"},          Type::float64, "shortest"},
             {"point at the end",         {"5.", "6."},                                 Type::text, ""},
             {"floats of one kind",       {"1.50e+03", "-2.25e-10"},                    Type::float64, "0.00e+00"},
             {"capital exponent",         {"1.5E+03", "2.2E-10"},                       Type::float64, "0.0E+00"},
             {"floats of Python",         {"5.0", "1e-07", "0.1", "7.0"},               Type::float64, "repr"},
             {"long numbers and floats",  {"12345678901234567", "1e5"},                 Type::text, ""},
             {"not a number",             {"1.5", "nan"},                               Type::text, ""},
             {"infinite",                 {"1e5", "1e999"},                             Type::text, ""},
             {"booleans",                 {"true", "false"},                            Type::boolean, "true"},
             {"capital booleans",         {"TRUE", "FALSE", {}},                        Type::boolean, "TRUE"},
             {"mixed case booleans",      {"True", "tRUE"},                             Type::text, ""},
             {"yes and no",               {"yes", "no"},                                Type::text, ""},
             {"numbers and booleans",     {"1", "true"},                                Type::text, ""},
             {"dates",                    {"2024-02-29", "1999-12-31"},                 Type::date, "yyyy-MM-dd"},
             {"impossible date",          {"2023-02-29"},                               Type::text, ""},
             {"year first with slashes",  {"2024/02/29", "1999/12/31"},                 Type::date, "yyyy/MM/dd"},
             {"day first",                {"28/01/2018", "01/02/2018"},                 Type::date, "dd/MM/yyyy"},
             {"day first, decided late",  {"01/02/2018", "01/02/2018", "01/02/2018", "01/02/2018", "01/02/2018",
                                           "01/02/2018", "01/02/2018", "01/02/2018", "28/02/2018"}, Type::date, "dd/MM/yyyy"},
             {"month first",              {"01/28/2018", "1/2/2018"},                   Type::date, "MM/dd/yyyy"},
             {"unpadded",                 {"28.1.2018", "1.2.2018", "11.12.2018"},      Type::date, "d.M.yyyy"},
             {"ambiguous",                {"01/02/2018", "03/04/2018"},                 Type::text, ""},
             {"both orders",              {"28/01/2018", "01/28/2018"},                 Type::text, ""},
             {"marks of two kinds",       {"28/01/2018", "28-01-2018"},                 Type::text, ""},
             {"times",                    {"12:30", "00:05"},                           Type::time, "HH:mm"},
             {"times with fractions",     {"12:30:01.250", "00:05:59.999"},             Type::time, "HH:mm:ss.SSS"},
             {"hour 24",                  {"24:00"},                                    Type::text, ""},
             {"instants",                 {"2024-01-01T00:00:00Z"},                     Type::timestamp, "yyyy-MM-ddTHH:mm:ssZ"},
             {"wall times",               {"2024-01-01 10:20", "2024-01-01 23:59"},     Type::timestamp, "yyyy-MM-dd HH:mm"},
             {"offsets",                  {"2024-01-01T00:00:00.5+01:00"},              Type::timestamp, "yyyy-MM-ddTHH:mm:ss.S+01:00"},
             {"with and without zone",    {"2024-01-01T00:00:00Z", "2024-01-01T00:00:00"}, Type::text, ""},
             {"dates and times",          {"2024-01-01", "2024-01-01T00:00:00"},        Type::text, ""},
             {"nothing",                  {{}, {}},                                     Type::text, ""},
             {"nothing, then numbers",    {{}, {}, {}, {}, {}, {}, {}, {}, {}, "5"},    Type::int64, ""},
             {"quoted nothing",           {"", "5"},                                    Type::int64, ""},
             {"blank",                    {" ", "5"},                                   Type::text, ""},
             {"words",                    {"a", "5"},                                   Type::text, ""},
             {"hexadecimal",              {"0x10"},                                     Type::text, ""},
             {"thousands",                {"1,249.00"},                                 Type::text, ""},
         }) {
        CAPTURE(row.name);
        const auto table = one_column(row.cells);

        Built built{table};

        CHECK(word(built.result.columns[0].type) == word(row.type));
        CHECK(built.result.columns[0].notation == row.notation);
        CHECK(built.csv() == plain_csv(table));
    }
}

TEST_CASE("rows read as JSON have exact values") {
    Table table{.names = {"n", "d", "f", "b", "day", "at", "t"}};
    table.rows = {
        {"9007199254740993", "1.10", "1.5e+00", "true", "2024-02-29", "2024-01-01T00:00:00.250+01:00", "a\"b\n"},
        {{}, "1234567890123456.25", "2.5e-03", "false", "1970-01-01", "1969-12-31T23:59:59.000Z", ""},
        {"-5", {}, {}, {}, {}, {}, {}},
    };

    Built built{table};

    CHECK(built.json() ==
          R"([{"n":"9007199254740993","d":1.10,"f":1.5,"b":true,"day":"2024-02-29","at":"2023-12-31T23:00:00.250Z","t":"a\"b\n"},)"
          R"({"n":null,"d":"1234567890123456.25","f":0.0025,"b":false,"day":"1970-01-01","at":"1969-12-31T23:59:59.000Z","t":""},)"
          R"({"n":-5,"d":null,"f":null,"b":null,"day":null,"at":null,"t":null}])");
    CHECK(built.csv() == plain_csv(table));
    std::string page;
    built.rows().append_json({.first = 2, .count = 100}, page);
    CHECK(page == R"([{"n":-5,"d":null,"f":null,"b":null,"day":null,"at":null,"t":null}])");
}

TEST_CASE("a cell that does not fit after rows have been written starts a second pass with the final types") {
    auto table = one_column({});
    table.names = {"n", "other"};
    for (int i = 0; i < 500; ++i) table.rows.push_back({std::to_string(i), std::to_string(i) + ".5"});
    table.rows.push_back({"n/a", "0.25"});
    table.rows.push_back({"7", "1"});
    table.rejects = {{.line = 3, .byte_offset = 20, .column = std::nullopt, .code = "too_few_fields", .reason = "r", .raw = "a\xff"}};

    Built built{table, {.group_rows_max = 100}};

    const auto& report = built.result.report;
    CHECK(report.passes == 2);
    CHECK(built.result.columns[0].type == Type::text);
    CHECK(built.result.columns[1].type == Type::decimal);
    CHECK(built.result.columns[1].scale == 2);
    CHECK(built.csv() == plain_csv(table));
    REQUIRE(report.widenings.size() == 1);
    CHECK(report.widenings[0].row == 500);
    CHECK(report.widenings[0].text == "n/a");
    CHECK(report.rows_in == report.rows_out + report.rows_rejected + report.rows_reported);
    CHECK(built.rejects.bytes ==
          "{\"line\":3,\"byte_offset\":20,\"code\":\"too_few_fields\",\"reason\":\"r\",\"raw_base64url\":\"Yf8\"}\n");
    CHECK(std::is_sorted(built.progress.begin(), built.progress.end()));
    CHECK(built.progress.back() == table.rows.size());
}

TEST_CASE("words for nothing are nulls where asked for, and their text is kept") {
    auto table = one_column({"1", "NA", "3"});

    Built built{table, {.null_words = {"NA"}}};

    CHECK(built.json() == R"([{"c":1},{"c":null},{"c":3}])");
    CHECK(built.csv() == plain_csv(table));
    CHECK(built.result.report.cells_with_text == 1);
}

TEST_CASE("the profile counts what is there") {
    Table table{.names = {"n", "t"}};
    for (int i = 0; i < 1000; ++i) table.rows.push_back({i % 10 == 0 ? Text{} : Text{std::to_string(i % 10)}, "t" + std::to_string(i)});

    Built built{table, {.group_rows_max = 300}};

    const auto& numbers = built.result.profile.columns[0];
    CHECK(numbers.count == 900);
    CHECK(numbers.nulls == 100);
    CHECK(numbers.distinct == 9);
    CHECK(numbers.min == "1");
    CHECK(numbers.max == "9");
    CHECK(numbers.mean == doctest::Approx(5));
    REQUIRE(numbers.top.size() == 9);
    CHECK(numbers.top[0].value == "1");
    CHECK(numbers.top[0].count == 100);
    CHECK(numbers.top_exact);
    const auto& texts = built.result.profile.columns[1];
    CHECK(texts.distinct == doctest::Approx(1000).epsilon(0.05));
    CHECK(texts.min == "t0");
    CHECK(texts.max == "t999");
    CHECK(texts.length_min == 2);
    CHECK(texts.length_max == 4);
}

TEST_CASE("names of columns become unique and keep the original beside them") {
    CHECK(unique_names({"a", "", "A", " a ", "a_2", "b"}) ==
          std::vector<std::string>{"a", "column_2", "A_3", "a_4", "a_2", "b"});

    Table table{.names = {"x", "x", ""}, .rows = {{"1", "2", "3"}}};
    Built built{table};

    CHECK(built.json() == R"([{"x":1,"x_2":2,"column_3":3}])");
    CHECK(built.result.columns[1].original_name == "x");
}

TEST_CASE("a table without rows is a dataset without rows") {
    Built built{Table{.names = {"a", "b"}}};

    CHECK(built.result.rows == 0);
    CHECK(built.json() == "[]");
    CHECK(built.rows().columns().size() == 2);
}

TEST_CASE("a stop ends the building") {
    std::stop_source stop;
    stop.request_stop();

    CHECK_THROWS_AS(Built(one_column({"1"}), {.stop = stop.get_token()}), Error);
}

TEST_CASE("every row of a polluted file is accounted for") {
    std::mt19937_64 random{17};
    for (int times = 0; times < 60; ++times) {
        CAPTURE(times);
        Memory source;
        if (random() % 4 == 0) source.bytes += "a report\n\n";
        source.bytes += "id,name,amount\n";
        const auto rows = 20 + random() % 300;
        for (std::uint64_t i = 0; i < rows; ++i) {
            source.bytes += std::to_string(i) + ",name" + std::to_string(random() % 50) + ',' + std::to_string(random() % 1000) + ".5";
            switch (random() % 40) {
                case 0: source.bytes += ",more"; break;
                case 1: source.bytes += "\n7"; break;
                case 2: source.bytes += "\n"; break;
                case 3: source.bytes += "\n\xff\xfe,a,b"; break;
                case 4: source.bytes += "\n1,\"open,2"; break;
                default: break;
            }
            source.bytes += '\n';
        }
        Memory data, texts, rejects;
        const OpenTable open = [&](std::function<void(formats::Reject)> on_reject) {
            return formats::csv::format().open(source, {.dialect = {}, .on_reject = std::move(on_reject)});
        };

        const auto result = build(open, {&data, &texts, &rejects, [] {}}, {.source_bytes = source.size(), .group_rows_max = 1000});

        const auto& report = result.report;
        CHECK(report.bytes == source.size());
        CHECK(report.rows_in == report.rows_out + report.rows_rejected + report.rows_reported);
        CHECK(report.rows_rejected == static_cast<std::uint64_t>(std::count(rejects.bytes.begin(), rejects.bytes.end(), '\n')));
        CHECK(report.rows_rejected == report.rejects_stored);
        CHECK(RowReader{data, nullptr}.rows() == report.rows_out);
    }
}

TEST_CASE("whatever the cells are, every text comes back as it was") {
    const std::vector<std::string> hard{
        "0", "1", "-1", "007", "+5", "1.0", "1.50", ".5", "-.5", "5.", "1e5", "1E5", "1.5e-3", "1e+05", "-0", "-0.0", "0.10",
        "123456789012345678", "1234567890123456789", "99999999999999.99", "0.1234567890123456789", "nan", "inf", "-", ".", "",
        "true", "TRUE", "True", "tRue", "2024-02-30", "2024-02-29", "28/01/2018", "01/02/2018", "1/2/2018", "1.2.2018", "12:30",
        "12:30:00", "12:30:00.5", "25:00", "2024-01-01T00:00:00Z", "2024-01-01 00:00:00", "2024-01-01T00:00:00+02:00",
        "2024-01-01T00:00:00-00:00", "2024-01-01T00:00:00.1234567Z", "0001-01-01", "9999-12-31", "0000-01-01", "a,b", "\"", "x\ny",
        " 1", "1 ", "\xff\xfe", "é", "NULL", "1_000", "1,5", "١", "1e308", "1e309", "4.9e-324", "0.0000001", "1e-07"};
    std::mt19937_64 random{11};
    for (int times = 0; times < 400; ++times) {
        CAPTURE(times);
        Table table{.names = {"a", "b", "c"}, .batch_rows = 1 + random() % 40};
        const auto rows = random() % 200;
        // Each column draws from a few kinds of text, so that columns of every type and every widening come about.
        std::vector<std::vector<std::string>> kinds(3);
        for (auto& kind : kinds) {
            for (auto n = 1 + random() % 4; n > 0; --n) kind.push_back(hard[random() % hard.size()]);
        }
        for (std::uint64_t i = 0; i < rows; ++i) {
            auto& row = table.rows.emplace_back();
            for (const auto& kind : kinds) {
                // The later ones of a kind come late in the table: widening happens after rows have been written.
                const auto reach = 1 + std::min<std::uint64_t>(kind.size() - 1, i * kind.size() / rows);
                if (random() % 10 == 0) row.emplace_back();
                else if (random() % 3 == 0) row.emplace_back(kind[random() % reach]);
                else row.emplace_back(kind[0]);
            }
        }

        Built built{table, {.group_rows_max = 1 + random() % 60, .second_thread = times % 2 == 0}};

        REQUIRE(built.csv() == plain_csv(table));
        CHECK(built.result.rows == rows);
    }
}
