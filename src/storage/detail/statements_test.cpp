#include "storage/detail/statements.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "storage/detail/migrations.hpp"
#include "base/error.hpp"
#include "storage/detail/value.hpp"

using namespace millrace;
using namespace millrace::storage::detail;

namespace millrace {
std::span<const Embedded> sqlite_queries();
std::span<const Embedded> postgres_queries();
}  // namespace millrace

TEST_CASE("every statement stands in both backends, with its definitions filled in") {
    for (const auto files : {sqlite_queries(), postgres_queries()}) {
        for (const auto& text : read_statements(files)) {
            CHECK_FALSE(text.empty());
            CHECK(text.find("_columns}") == text.npos);
            CHECK(text.find("--") == text.npos);
        }
    }
}

TEST_CASE("files that do not fit the list of statements are refused") {
    const auto refused = [](std::string_view text) {
        const Embedded file{"x.sql", text};
        try {
            read_statements({&file, 1});
        } catch (const std::logic_error& error) {
            return std::string{error.what()};
        }
        return std::string{};
    };

    CHECK(refused("").starts_with("no SQL for "));
    CHECK(refused("-- name: jobs.nonsense\nSELECT 1") == "SQL that nobody uses: jobs.nonsense");
    CHECK(refused("-- name: jobs.get\nSELECT 1\n-- name: jobs.get\nSELECT 2") == "SQL block stands twice: jobs.get");
    CHECK(refused("SELECT 1") == "SQL before the first name in x.sql");
}

TEST_CASE("a statement that takes rows names their type, which stands for its fields") {
    const auto statements = read_statements(postgres_queries());
    const auto index = static_cast<std::size_t>(Statement::jobs_set_turn);
    const RowType& rows = statements.rows[index];

    CHECK(rows.fields == std::vector<std::pair<std::string, std::string>>{{"id", "uuid"}, {"turn", "bigint"}});
    CHECK(rows.name.starts_with("millrace_rows_"));
    CHECK(statements[index].find("$1::" + rows.name + "[]") != std::string::npos);
    CHECK(statements.rows[static_cast<std::size_t>(Statement::jobs_insert)].name != rows.name);
    CHECK(statements.rows[static_cast<std::size_t>(Statement::jobs_get)].fields.empty());
}

TEST_CASE("migrations are applied in order, each once, and only those that are known") {
    const Embedded files[] = {{"0002_b.sql", "B"}, {"0001_a.sql", "A"}};
    const auto known = read_migrations(files);
    REQUIRE(known.size() == 2);
    CHECK(known[0].sql == "A");
    const auto code = [&](const std::map<int, std::string>& applied) {
        try {
            pending(known, applied);
        } catch (const Error& error) {
            return error.code();
        }
        return Code::usage;
    };

    CHECK(pending(known, {}).size() == 2);
    CHECK(pending(known, {{1, known[0].sha256}}).front().version == 2);
    CHECK(code({{1, "other"}}) == Code::schema_changed);
    CHECK(code({{1, known[0].sha256}, {2, known[1].sha256}, {3, "x"}}) == Code::schema_newer);
    const Embedded gap[] = {{"0001_a.sql", "A"}, {"0003_c.sql", "C"}};
    CHECK_THROWS_AS(read_migrations(gap), std::logic_error);
}

TEST_CASE("text that PostgreSQL cannot hold is made readable") {
    struct Row { const char* name; std::string text; std::string want; };
    for (const Row& row : {Row{"plain", "zürich", "zürich"}, Row{"empty", "", ""}, Row{"nul", std::string{"a\0b", 3}, "a\xEF\xBF\xBD" "b"},
                           Row{"not UTF-8", "a\xff", "a\xEF\xBF\xBD"}, Row{"only bad", std::string{"\0\xfe", 2}, "\xEF\xBF\xBD\xEF\xBF\xBD"}}) {
        CAPTURE(row.name);
        const Value value = text_value(row.text);
        const auto* borrowed = std::get_if<std::string_view>(&value);
        CHECK((borrowed ? std::string{*borrowed} : std::get<std::string>(value)) == row.want);
        CHECK((borrowed != nullptr) == (row.text == row.want));
    }
}
