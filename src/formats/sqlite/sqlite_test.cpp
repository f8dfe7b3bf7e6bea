#include "formats/sqlite/sqlite.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "formats/sandbox/sandboxed.hpp"
#include "formats/sheet/testing.hpp"

using namespace millrace;
using namespace millrace::formats;

namespace {

/// The file that this SQL makes.
std::string database_of(const char* sql) {
    sqlite3* db = nullptr;
    sqlite3_open(":memory:", &db);
    char* why = nullptr;
    if (sqlite3_exec(db, sql, nullptr, nullptr, &why) != SQLITE_OK) throw std::logic_error(why);
    sqlite3_int64 size = 0;
    unsigned char* image = sqlite3_serialize(db, "main", &size, 0);
    std::string bytes{reinterpret_cast<char*>(image), static_cast<std::size_t>(size)};
    sqlite3_free(image);
    sqlite3_close(db);
    return bytes;
}

ReadBack read(std::string bytes, std::size_t table = 0) { return read_all(sqlite::format(), std::move(bytes), {.table = table, .dialect = {}, .on_reject = {}}); }

const char* const two_tables = "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, amount REAL, photo BLOB);"
                               "INSERT INTO orders VALUES (1, 'bolt', 1.5, x'00ffab'), (9223372036854775807, '', 0.1, NULL), (-3, NULL, 1e300, x'');"
                               "CREATE VIEW shown AS SELECT * FROM orders; CREATE INDEX by_name ON orders (name);"
                               "CREATE TABLE \"odd \"\" name\" (a, b) ; INSERT INTO \"odd \"\" name\" VALUES ('x', 2);";

}  // namespace

TEST_CASE("each table of a database is a table, its values as text") {
    const auto bytes = database_of(two_tables);
    CHECK(sheet::tables_of(sqlite::format(), bytes) == std::vector<std::pair<std::string, bool>>{{"orders", false}, {"odd \" name", false}});
    const auto got = read(bytes);
    CHECK(got.names == std::vector<std::string>{"id", "name", "amount", "photo"});
    CHECK(got.header);
    CHECK(got.rows == sheet::Rows{{"-3", "", "1e+300", ""}, {"1", "bolt", "1.5", "00ffab"}, {"9223372036854775807", "", "0.1", ""}});
    CHECK(read(bytes, 1).rows == sheet::Rows{{"x", "2"}});
    CHECK(code_of([&] { read(bytes, 2); }) == Code::invalid_parameter);
}

TEST_CASE("null, empty text and empty bytes are told apart") {
    TextSource source{database_of("CREATE TABLE t (a, b, c); INSERT INTO t VALUES (NULL, '', x'')")};
    const auto reader = sqlite::format().open(source, {});
    TextBatch batch;
    REQUIRE(reader->next(batch));
    CHECK_FALSE(batch.at(0, 0).quoted);
    CHECK(batch.at(0, 1).quoted);
    CHECK(batch.at(0, 2).quoted);
}

TEST_CASE("text of any encoding is read, text that is none is rejected with its row") {
    CHECK(read(database_of("PRAGMA encoding = 'UTF-16be'; CREATE TABLE t (a); INSERT INTO t VALUES ('é€')")).rows == sheet::Rows{{"é€"}});
    const auto got = read(database_of("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, CAST(x'ff41' AS TEXT)), (3, 'y')"));
    CHECK(got.rows == sheet::Rows{{"1", "x"}, {"3", "y"}});
    REQUIRE(got.rejects.size() == 1);
    CHECK(got.rejects[0].code == "invalid_utf8");
    CHECK(got.rejects[0].line == 2);
    CHECK(got.rejects[0].column == 1);
    CHECK(got.rejects[0].raw == "\xff" "A");
}

TEST_CASE("more rows than a batch holds may be rejected one after the other") {
    const auto got = read(database_of("CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) "
                                      "INSERT INTO t SELECT CAST(x'ff' || hex(zeroblob(1000)) AS TEXT) FROM n; INSERT INTO t VALUES ('last')"));
    CHECK(got.rejects.size() == 400);
    CHECK(got.rows == sheet::Rows{{"last"}});
}

TEST_CASE("a database that was in use is read as its file stands") {
    auto bytes = database_of("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    bytes[18] = bytes[19] = 2;  // journal_mode = WAL
    const auto got = read(bytes);
    CHECK(got.rows == sheet::Rows{{"1"}});
    REQUIRE(got.report.warnings.size() == 1);
    CHECK(got.report.warnings[0].find("-wal") != std::string::npos);
}

TEST_CASE("what belongs to an index is hidden, what is no table is not read") {
    const auto bytes = database_of("CREATE VIRTUAL TABLE words USING fts5(text); INSERT INTO words VALUES ('a'); CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    const auto tables = sheet::tables_of(sqlite::format(), bytes);
    CHECK(tables.front() == std::pair<std::string, bool>{"t", false});
    for (const auto& [name, hidden] : tables) CHECK(hidden == name.starts_with("words_"));
    CHECK(code_of([] { read(database_of("PRAGMA user_version = 1; CREATE VIEW v AS SELECT 1")); }) == Code::no_rows);
}

TEST_CASE("generated columns are computed") {
    CHECK(read(database_of("CREATE TABLE t (a, b AS (hex(a))); INSERT INTO t (a) VALUES (1)")).rows == sheet::Rows{{"1", "31"}});
}

TEST_CASE("damage of a database is a clear error") {
    std::string sql = "CREATE TABLE t (a, b);";
    for (int i = 0; i < 3'000; ++i) sql += "INSERT INTO t VALUES (" + std::to_string(i) + ", 'some text that takes room');";
    const auto bytes = database_of(sql.c_str());
    CHECK(read(bytes).rows.size() == 3'000);
    auto torn = bytes;
    for (std::size_t at = 8'192; at < torn.size(); at += 97) torn[at] ^= '\x5a';
    for (const auto& [name, bad] : std::initializer_list<std::pair<const char*, std::string>>{
             {"cut off", bytes.substr(0, bytes.size() / 2)}, {"torn", torn}, {"a head only", bytes.substr(0, 100)}, {"sixteen bytes", bytes.substr(0, 16)}}) {
        CAPTURE(name);
        CHECK(code_of([&] { read(bad); }).has_value());
    }
}

TEST_CASE("a database is read in a child as it is without") {
    const sandbox::Sandboxed sandboxed{sqlite::format(), {.program = {.path = MILLRACE_SANDBOX_CHILD}}};
    const auto bytes = database_of(two_tables);
    CHECK(formats::read_all(sandboxed, bytes).rows == read(bytes).rows);
    CHECK(sheet::tables_of(sandboxed, bytes) == sheet::tables_of(sqlite::format(), bytes));
}
