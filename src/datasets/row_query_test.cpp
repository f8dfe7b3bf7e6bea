#include <doctest/doctest.h>

#include <algorithm>

#include "datasets/row_query.hpp"
#include "datasets/testing.hpp"
#include "formats/parquet/writer.hpp"

using namespace millrace;
using namespace millrace::datasets;
using formats::Column;
using formats::Type;

namespace {

/// A table of three row groups of 2,000 rows: n = 0, 1, ...; town; price = n / 100; day; big ids; "odd, name".
struct Towns {
    testing::Memory data;
    std::vector<ColumnInfo> columns;
    std::optional<formats::parquet::Reader> file;

    Towns() {
        formats::parquet::Writer writer{data};
        const formats::DataType types[] = {{Type::int64}, {}, {.type = Type::decimal, .precision = 10, .scale = 2}, {Type::date}, {Type::int64}, {}, {Type::boolean}};
        const char* const names[] = {"n", "town", "price", "day", "big", "odd, name", "open"};
        const std::string_view towns[] = {"Delft", "Gouda", "Breda", ""};
        std::vector<formats::parquet::Field> fields;
        for (std::size_t i = 0; i < 7; ++i) {
            fields.push_back({names[i], types[i]});
            columns.push_back({.name = names[i], .original_name = names[i], .type = types[i].type, .precision = types[i].precision, .scale = types[i].scale});
        }
        for (std::int64_t group = 0; group < 3; ++group) {
            std::vector<Column> values;
            for (const auto& type : types) values.push_back({.type = type});
            for (auto n = group * 2000; n < (group + 1) * 2000; ++n) {
                values[0].push(n);
                if (n % 4 == 3) values[1].push_null();
                else values[1].push(towns[n % 4]);
                values[2].push(n);
                values[3].push(19'000 + n / 100);
                values[4].push(900'000'000'000'000'000 + n);
                values[5].push(std::string_view{n == 77 ? "Needle" : "hay"});
                values[6].push(std::int64_t{n % 2});
            }
            writer.write_group(values);
        }
        writer.finish(fields);
        file.emplace(data);
    }

    RowQuery query(std::string_view filter, std::string_view sort = "", std::size_t limit = 10) const {
        const auto fields = row_fields(columns, *file);
        RowQuery out{.filter = query::parse_filter(filter, fields), .sort = query::parse_sort(sort, fields), .columns = {0}, .limit = limit, .cursor = {}, .list = "test"};
        return out;
    }
    /// The values of n on all pages.
    std::string all(RowQuery query) const {
        std::string out;
        for (int page = 0; page < 1000; ++page) {
            const auto got = query_rows(*file, columns, query);
            for (const char c : got.items) {
                if ((c >= '0' && c <= '9') || c == ',') out += c;
            }
            if (!got.next_cursor) return out;
            if (!out.empty() && out.back() != ',' && got.items != "[]") out += ',';
            query.cursor = got.next_cursor;
        }
        return "too many pages";
    }
};

}  // namespace

TEST_CASE("rows are filtered by the types of their columns") {
    const Towns towns;
    struct Row { const char *filter, *want; };
    for (const Row& row : std::initializer_list<Row>{
             {"n:5", "5"},
             {"n:5,5999", "5,5999"},
             {"n:>5997", "5998,5999"},
             {"n:<2 town:Delft", "0"},
             {"-n:>=3", "0,1,2"},
             {"price:59.99", "5999"},
             {"price:<=0.01", "0,1"},
             {"day:2022-01-08 town:Gouda n:<6", "1,5"},
             {"big:900000000000005998", "5998"},
             {"big:900000000000005997,900000000000000001", "1,5997"},
             {"\"odd, name\":Needle", "77"},
             {"needle", "77"},
             {"town:~ELF n:<=4", "0,4"},
             {"-town:Delft,Gouda,Breda n:<8", "3,7"},
             {"open:true n:<4", "1,3"},
             {"n:>6000", ""},
         }) {
        CAPTURE(row.filter);
        CHECK(towns.all(towns.query(row.filter)) == row.want);
    }
}

TEST_CASE("pages of a filtered table meet each row once, whatever their size") {
    const Towns towns;
    const auto whole = towns.all(towns.query("town:Breda", "", 1000));

    CHECK(towns.all(towns.query("town:Breda", "", 7)) == whole);
    CHECK(std::ranges::count(whole, ',') == 1499);
}

TEST_CASE("rows are sorted by several columns, with nulls last, and pages go on where the one before ended") {
    const Towns towns;

    CHECK(towns.all(towns.query("n:<8", "town,-n", 3)) == "6,2,4,0,5,1,7,3");
    CHECK(towns.all(towns.query("n:<8", "-town,n", 1)) == "1,5,0,4,2,6,3,7");
    CHECK(towns.all(towns.query("n:>=5996", "-price", 100)) == "5999,5998,5997,5996");
    const auto whole = towns.all(towns.query("", "town", 1000));
    CHECK(towns.all(towns.query("", "town", 501)) == whole);
    CHECK(std::ranges::count(whole, ',') == 5999);
}

TEST_CASE("the columns asked for come in the order asked for") {
    const Towns towns;
    auto query = towns.query("n:1");
    query.columns = parse_columns(R"(open,"odd, name",n)", towns.columns);

    CHECK(query_rows(*towns.file, towns.columns, query).items == R"([{"open":true,"odd, name":"hay","n":1}])");
    CHECK_THROWS_AS(parse_columns("nn", towns.columns), Error);
    CHECK_THROWS_AS(parse_columns("n,n", towns.columns), Error);
}

TEST_CASE("a cursor of another list is refused") {
    const Towns towns;
    auto query = towns.query("", "-town", 2);
    const auto page = query_rows(*towns.file, towns.columns, query);
    REQUIRE(page.next_cursor);
    query.cursor = page.next_cursor;
    query.list = "other";

    CHECK_THROWS_AS(query_rows(*towns.file, towns.columns, query), Error);
}

TEST_CASE("row groups whose bounds exclude the filter are not read") {
    Towns towns;
    // Whatever stands in the pages of the first two groups, they are never looked at.
    std::fill(towns.data.bytes.begin() + 4, towns.data.bytes.begin() + static_cast<std::ptrdiff_t>(towns.data.bytes.size() / 3), '\xff');

    CHECK(towns.all(towns.query("n:5500")) == "5500");
    CHECK_THROWS_AS(towns.all(towns.query("n:5")), Error);
}
