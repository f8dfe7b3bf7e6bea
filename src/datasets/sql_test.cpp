#include <doctest/doctest.h>

#include <map>

#include "base/error.hpp"
#include "datasets/rows.hpp"
#include "datasets/sql.hpp"
#include "datasets/testing.hpp"

using namespace millrace;
using namespace millrace::datasets;
using testing::csv;
using testing::Memory;

namespace {

struct Opened final : SqlTable {
    Memory& data;
    RowReader rows;
    explicit Opened(Memory& d) : data{d}, rows{data, nullptr} {}
    const formats::parquet::Reader& file() const override { return rows.file(); }
    const std::vector<ColumnInfo>& columns() const override { return rows.columns(); }
};

struct Lines final : SqlSink {
    std::string text;
    std::vector<SqlColumn> head;
    void columns(const std::vector<SqlColumn>& columns) override { head = columns; }
    void row(std::span<const SqlValue> values) override {
        for (const auto& value : values) {
            if (&value != values.data()) text += ' ';
            append_json(text, value);
        }
        text += '|';
    }
};

/// Tables by name: "orders" of 5,000 rows in row groups of 1,000, and "towns".
class Bench {
public:
    Bench() {
        std::string orders = "n,town,price,day,paid\r\n";
        for (int i = 0; i < 5000; ++i) {
            orders += std::to_string(i) + (i % 3 == 0 ? ",Delft," : i % 3 == 1 ? ",Gouda," : ",,") + std::to_string(i) + ".25,2024-01-" + (i % 28 < 9 ? "0" : "") +
                      std::to_string(i % 28 + 1) + (i % 2 == 0 ? ",true\r\n" : ",false\r\n");
        }
        add("orders", orders);
        add("towns", "town,people\r\nDelft,104000\r\nGouda,75000\r\n");
    }

    std::string run(std::string_view sql, SqlLimits limits = {}) {
        Lines lines;
        last = run_sql(sql, finder(), limits, lines);
        head = lines.head;
        return lines.text;
    }
    std::string failure(std::string_view sql, SqlLimits limits = {}) {
        try {
            return "no error: " + run(sql, limits);
        } catch (const Error& error) {
            return std::string{to_string(error.code())} + ": " + error.what();
        }
    }

    void add(const char* name, const std::string& text) {
        testing::Parts parts;
        build(csv(text), parts.sinks(), {.group_rows_max = 1000});
        tables.emplace(name, std::move(parts.data));
    }

    SqlResult last;
    std::vector<SqlColumn> head;
    std::map<std::string, Memory, std::less<>> tables;

private:
    FindTable finder() {
        return [this](std::string_view name) -> std::unique_ptr<SqlTable> {
            const auto found = tables.find(name);
            return found == tables.end() ? nullptr : std::make_unique<Opened>(found->second);
        };
    }
};

}  // namespace

TEST_CASE("a query reads datasets by their names") {
    Bench bench;
    struct Row { const char *sql, *want; };
    for (const Row& row : std::initializer_list<Row>{
             {"SELECT count(*), sum(price) FROM orders", "5000 12498750|"},
             {"SELECT n, price, day, paid FROM orders WHERE n = 3", "3 3.25 \"2024-01-04\" 0|"},
             {"SELECT n FROM orders WHERE price > 4998 ORDER BY n DESC", "4999|4998|"},
             {"SELECT count(*) FROM orders WHERE town IS NULL", "1666|"},
             {"SELECT town, count(*) FROM orders WHERE day = '2024-01-02' AND n < 100 GROUP BY town ORDER BY 1", "null 1|\"Delft\" 1|\"Gouda\" 2|"},
             {"SELECT o.n, t.people FROM orders o JOIN towns t USING (town) WHERE o.n < 2", "0 104000|1 75000|"},
             {"WITH x AS (SELECT max(n) AS m FROM \"orders\") SELECT m + 1 FROM x", "5000|"},
             {"SELECT n FROM orders WHERE town = 'Delft' AND n BETWEEN 2997 AND 3003", "2997|3000|3003|"},
             {"SELECT n FROM orders WHERE '7' = n", "7|"},
             {"SELECT rowid FROM orders WHERE n = 4999", "5000|"},
             {"SELECT 9007199254740993, 1.5, x'00ff', 'é'", "\"9007199254740993\" 1.5 \"AP8\" \"é\"|"},
             {"SELECT count(*) FROM orders WHERE day >= '2024-01-28'", "178|"},
         }) {
        CAPTURE(row.sql);
        CHECK(bench.run(row.sql) == row.want);
    }
    bench.run("SELECT n, n, count(*) FROM orders");
    REQUIRE(bench.head.size() == 3);
    CHECK(bench.head[1].name == "n_2");
    CHECK(bench.head[0].type == "INTEGER");
}

TEST_CASE("row groups that a condition excludes and columns that nobody asks for are not read") {
    // A row group ends with a window of the reader, 1 MiB of text: this makes six.
    std::string text = "n,pad\r\n";
    for (int i = 0; i < 60'000; ++i) text += std::to_string(i) + "," + std::string(80, static_cast<char>('a' + i % 26)) + std::to_string(i * 7919) + "\r\n";
    Bench bench;
    bench.add("lines", text);
    auto& bytes = bench.tables.at("lines").bytes;
    const auto part = [&](double share) { return bytes.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(bytes.size()) * share); };
    std::fill(part(0.1), part(0.6), '\xff');

    CHECK(bench.run("SELECT count(n) FROM lines WHERE n >= 55000") == "5000|");
    CHECK(bench.failure("SELECT count(n) FROM lines").starts_with("malformed_file"));
}

TEST_CASE("a query may do nothing but read what it was given") {
    Bench bench;
    for (const char* sql : {"DELETE FROM orders", "CREATE TABLE x(y)", "ATTACH 'x.db' AS x", "PRAGMA user_version", "INSERT INTO orders VALUES (1)",
                            "SELECT load_extension('x')", "SELECT * FROM sqlite_master", "SELECT * FROM pragma_database_list", "VACUUM INTO 'x'", "BEGIN",
                            "SELECT 1; SELECT 2", "CREATE VIRTUAL TABLE x USING orders", "DROP TABLE orders", "REINDEX", "ANALYZE", "", "-- nothing",
                            "SELECT writefile('x', 'y')", "SELECT readfile('/etc/passwd')", "SELECT edit('x')", "SELECT fts3_tokenizer('x')"}) {
        CAPTURE(sql);
        CHECK(bench.failure(sql).starts_with("invalid_sql"));
    }
}

TEST_CASE("an error names its place") {
    Bench bench;

    CHECK(bench.failure("SELECT n\nFROM orders WHERE\n  nothere = 1").contains("line 3, column 3: no such column: nothere"));
    CHECK(bench.failure("SELEC 1").contains("line 1, column 1: near \"SELEC\""));
    CHECK(bench.failure("SELECT * FROM missing").contains("no such table: missing"));
    CHECK(bench.failure("SELECT \"typo\" FROM orders").contains("no such column"));
}

TEST_CASE("time, memory, size and rows of a query are limited") {
    Bench bench;
    using namespace std::chrono_literals;
    const SqlLimits quick{.time = 50ms};

    CHECK(bench.failure("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c", quick).contains("longer than 50 ms"));
    CHECK(bench.failure("SELECT count(*) FROM orders a, orders b, orders c WHERE a.n + b.n + c.n = 3", quick).contains("longer than 50 ms"));
    CHECK(bench.failure("WITH RECURSIVE c(x, y) AS (SELECT 1, zeroblob(1000000) UNION ALL SELECT x + 1, zeroblob(1000000) FROM c WHERE x < 90) "
                        "SELECT group_concat(hex(y)) FROM c", {.time = 10s, .memory_bytes = 16u << 20}).starts_with("query_limits"));
    CHECK(bench.failure("SELECT zeroblob(100000000) || 'x'").starts_with("query_limits"));
    CHECK(bench.failure(std::string(200'000, ' ') + "SELECT 1").starts_with("invalid_sql"));

    CHECK(bench.run("SELECT n FROM orders", {.rows = 3}) == "0|1|2|");
    CHECK(bench.last.truncated);
    bench.run("SELECT n FROM orders LIMIT 3", {.rows = 3});
    CHECK_FALSE(bench.last.truncated);
}

TEST_CASE("a table larger than the memory of a query is sorted through a file") {
    Bench bench;
    const SqlLimits small{.time = std::chrono::seconds{60}, .memory_bytes = 24u << 20};

    const auto sorted = bench.run("SELECT a.n FROM orders a, (SELECT n FROM orders LIMIT 60) b ORDER BY a.price * -1, b.n, a.town LIMIT 2", small);

    CHECK(sorted == "4999|4999|");
}
