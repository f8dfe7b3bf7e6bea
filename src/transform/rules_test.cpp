#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <random>
#include <set>
#include <sstream>

#include "transform/interchange.hpp"
#include "transform/testing.hpp"

namespace millrace::transform {
namespace {

Ran validate(const std::string& rules, const std::string& csv, std::uint64_t memory = 64u << 20) {
    const auto spec = parse_rules(rules);
    formats::TextSource source{csv};
    return run_spec(copy_spec(rows_of(source)()->columns()), csv, {.rules = &spec, .memory_bytes = memory});
}

/// A row that is good in every way.
struct Row {
    std::string id, email, price, day, country, iban, qty, status, note, code, start, end;

    static Row good(int number) {
        return {.id = std::to_string(number), .email = fmt::format("user{}@example.com", number), .price = fmt::format("{}.{:02}", number % 500 + 1, number % 100),
                .day = fmt::format("2024-{:02}-{:02}", number % 12 + 1, number % 28 + 1), .country = number % 2 ? "NL" : "BE", .iban = number % 2 ? "NL91ABNA0417164300" : "BE68539007547034",
                .qty = std::to_string(number % 50 + 1), .status = number % 3 ? "paid" : "open", .note = "caf\u00e9", .code = fmt::format("AB-{:04}", number % 10'000),
                .start = "2024-01-05", .end = "2024-02-06"};
    }
    std::string line() const {
        return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", id, email, price, day, country, iban, qty, status, note, code, start, end);
    }
};

const std::string twelve = R"~({"lookups": {"countries": {"rows": {"columns": ["code"], "rows": [["NL"], ["BE"]]}, "key": ["code"]}}, "rules": [
    {"rule": "required", "column": "email"}, {"rule": "format", "column": "email", "format": "email"},
    {"rule": "type", "column": "price", "type": "decimal(9,2)"}, {"rule": "type", "column": "day", "type": "date"},
    {"rule": "reference", "column": "country", "lookup": "countries"}, {"rule": "format", "column": "iban", "format": "iban"},
    {"rule": "type", "column": "qty", "type": "int"}, {"rule": "range", "column": "qty", "min": 1, "max": 100},
    {"rule": "enum", "column": "status", "values": ["paid", "open", "cancelled"]}, {"rule": "text", "column": "note"},
    {"rule": "pattern", "column": "code", "pattern": "[A-Z]{2}-[0-9]{4}"}, {"rule": "row", "expr": "parse_date(end) >= parse_date(start)"},
    {"rule": "length", "column": "note", "max_length": 20}, {"rule": "unique", "column": "id"}]})~";

struct Seed {
    const char* rule;
    void (*spoil)(Row& row, int number);
};
const Seed seeds[] = {
    {"required(email)", [](Row& row, int) { row.email = ""; }},
    {"format(email)", [](Row& row, int) { row.email = "user(at)example.com"; }},
    {"type(price)", [](Row& row, int) { row.price = "\"12,50\""; }},
    {"type(day)", [](Row& row, int) { row.day = "2024-02-30"; }},
    {"reference(country)", [](Row& row, int) { row.country = "XX"; }},
    {"format(iban)", [](Row& row, int) { row.iban = "NL91ABNA0417164301"; }},
    {"range(qty)", [](Row& row, int) { row.qty = "1000"; }},
    {"enum(status)", [](Row& row, int) { row.status = "payd"; }},
    {"text(note)", [](Row& row, int) { row.note = "caf\u00c3\u00a9"; }},
    {"pattern(code)", [](Row& row, int) { row.code = "ab-12"; }},
    {"row()", [](Row& row, int) { row.end = "2023-12-31"; }},
    {"unique(id)", [](Row& row, int number) { row.id = std::to_string(number - 1); }},
};

TEST_CASE("of twelve kinds of errors, one in a hundred each, every one is found and nothing else") {
    const int rows = 6'000;
    std::mt19937 random{7};
    std::string csv = "id,email,price,day,country,iban,qty,status,note,code,start,end\n", clean = csv;
    std::set<std::pair<std::uint64_t, std::string>> want;
    for (int number = 1; number <= rows; ++number) {
        auto row = Row::good(number);
        clean += row.line();
        const auto kind = random() % 100;
        // A repeated id is of the row before, which must not be spoiled itself in that way.
        if (kind < std::size(seeds) && number > 1 && !(kind == 11 && want.contains({static_cast<std::uint64_t>(number - 1), "unique(id)"}))) {
            seeds[kind].spoil(row, number);
            want.emplace(number, seeds[kind].rule);
        }
        csv += row.line();
    }

    const auto ran = validate(twelve, csv);
    const auto tight = validate(twelve, csv, 50'000);

    std::set<std::pair<std::uint64_t, std::string>> got;
    for (const auto& problem : ran.problems) got.emplace(problem.row, problem.rule);
    CHECK(got == want);
    CHECK(ran.problems.size() == want.size());
    CHECK(ran.report.rows_rejected == want.size());
    CHECK(ran.report.rows_out == rows - want.size());
    CHECK(tight.out == ran.out);

    // Each rejected row put right, and accepted rows and corrected ones together are the whole table.
    std::map<int, std::string> lines;
    std::istringstream good{ran.out}, whole{clean};
    std::string line;
    for (std::getline(good, line); std::getline(good, line);) lines[std::stoi(line)] = line;
    std::string corrected = "id,email,price,day,country,iban,qty,status,note,code,start,end,millrace_row,millrace_errors\n";
    for (const auto& [number, rule] : want) {
        auto fixed = Row::good(static_cast<int>(number)).line();
        fixed.pop_back();
        corrected += fixed + ",,\n";
    }
    const auto again = validate(twelve, corrected);
    CHECK(again.report.rows_rejected == 0);
    CHECK(again.report.rows_out + ran.report.rows_out == rows);
}

TEST_CASE("a bad cell comes with what it may have been meant to be") {
    struct Case {
        const char* name;
        std::string rule, cell, code, fix;
    };
    for (const Case& one : std::initializer_list<Case>{
             {"decimal comma", R"~({"rule": "type", "column": "a", "type": "decimal(9,2)"})~", "\"1.234,50\"", "not_a_number", "1234.5"},
             {"doubtful number", R"~({"rule": "type", "column": "a", "type": "decimal(9,3)"})~", "\"1,234\"", "not_a_number", ""},
             {"date", R"~({"rule": "type", "column": "a", "type": "date"})~", "31-12-2024", "not_a_date", "2024-12-31"},
             {"doubtful date", R"~({"rule": "type", "column": "a", "type": "date"})~", "03/04/2024", "ambiguous_date", ""},
             {"too many digits", R"~({"rule": "type", "column": "a", "type": "decimal(4,2)"})~", "123.45", "overflow", "123.45"},
             {"iban", R"~({"rule": "format", "column": "a", "format": "iban"})~", "nl91 abna 0417 1643 00", "bad_format", "NL91ABNA0417164300"},
             {"value", R"~({"rule": "enum", "column": "a", "values": ["paid", "cancelled"]})~", "Canceled", "not_in_list", "cancelled"},
             {"pattern", R"~({"rule": "pattern", "column": "a", "pattern": "[A-Z]+"})~", "ab ", "no_match", "AB"},
         }) {
        CAPTURE(one.name);
        const auto ran = validate(R"~({"rules": [)~" + one.rule + "]}", "a,b\n" + one.cell + ",\n");
        REQUIRE(ran.problems.size() == 1);
        CHECK(ran.problems[0].code == one.code);
        CHECK((ran.problems[0].fix ? ran.problems[0].fix->value : "") == one.fix);
    }
}

TEST_CASE("warnings tell and keep the row") {
    const auto ran = validate(R"~({"rules": [{"rule": "required", "column": "a", "severity": "warning", "message": "please"}, {"rule": "required", "column": "b"}]})~", "a,b\n,1\n,\n2,2\n");
    CHECK(ran.report.rows_out == 2);
    CHECK(ran.report.rows_warned == 1);
    REQUIRE(ran.problems.size() == 3);
    CHECK(ran.problems[0].message == "please");
    CHECK(ran.rejects == "a,b,millrace_row,millrace_errors\n,,2,b: required\n");
}

TEST_CASE("conditions, tables and columns have rules too") {
    struct Case {
        const char* name;
        std::string rule, csv;
        std::vector<std::string> want;  // "row column code"
    };
    for (const Case& one : std::initializer_list<Case>{
             {"required if", R"~({"rule": "required_if", "column": "b", "when": "a = 'x'"})~", "a,b\nx,\ny,\nx,1\n", {"1 b required"}},
             {"rows", R"~({"rule": "rows", "min_rows": 3})~", "a,b\nx,\ny,\n", {"0  row_count"}},
             {"nulls", R"~({"rule": "nulls", "column": "b", "max_ratio": 0.4})~", "a,b\nx,\ny,1\n", {"0 b too_many_nulls"}},
             {"sum", R"~({"rule": "sum", "column": "b", "max": "0.29"})~", "a,b\nx,0.1\ny,0.2\n", {"0 b sum_out_of_range"}},
             {"sum that fits", R"~({"rule": "sum", "column": "b", "min": "0.3", "max": 0.3})~", "a,b\nx,0.1\ny,0.2\n", {}},
             {"fresh", R"~({"rule": "fresh", "column": "b", "max_age_days": 30})~", "a,b\nx,2023-10-01\ny,2023-10-10\n", {"0 b stale"}},
             {"fresh enough", R"~({"rule": "fresh", "column": "b", "max_age_days": 60})~", "a,b\nx,2023-10-01\ny,2023-10-10\n", {}},
             {"columns", R"~({"rule": "columns", "values": ["a", "price"], "ordered": true})~", "a,prise\nx,1\n", {"0 price missing_column", "0 prise extra_column"}},
             {"order", R"~({"rule": "columns", "values": ["b", "a"], "ordered": true})~", "a,b\nx,1\n", {"0  other_order"}},
             {"same rows", R"~({"rule": "duplicate_rows", "ignore_case": true})~", "a,b\nx,1\n X,1\nx,\nx,\n", {"2  duplicate_row", "4  duplicate_row"}},
             {"compound", R"~({"rule": "unique", "columns": ["a", "b"]})~", "a,b\nx,1\nx,2\nx,1\nx,\nx,\n", {"3 a,b duplicate"}},
             {"dates", R"~({"rule": "range", "column": "b", "min": "2024-01-01", "max": "2024-12-31"})~", "a,b\nx,2024-12-31\ny,2025-01-01\n", {"2 b out_of_range"}},
         }) {
        CAPTURE(one.name);
        const auto ran = validate(R"~({"rules": [)~" + one.rule + "]}", one.csv);
        std::vector<std::string> got;
        for (const auto& problem : ran.problems) got.push_back(fmt::format("{} {} {}", problem.row, problem.column, problem.code));
        CHECK(got == one.want);
    }
}

TEST_CASE("rules that cannot work say what is wrong") {
    const auto issues = [](const std::string& rule) {
        const auto all = issues_of([&] { validate(R"~({"rules": [)~" + rule + "]}", "a,b\n1,2\n"); });
        return all.empty() ? std::string{} : all.front();
    };
    CHECK(issues(R"~({"rule": "requierd", "column": "a"})~") == "/rules/0/rule: there is no rule \"requierd\"; did you mean \"required\"?");
    CHECK(issues(R"~({"rule": "required", "colum": "a"})~") == "/rules/0/colum: is not known here; did you mean \"column\"?");
    CHECK(issues(R"~({"rule": "required", "column": "a", "min": 1})~") == "/rules/0/min: has no meaning for required, which takes column");
    CHECK(issues(R"~({"rule": "format", "column": "a"})~") == "/rules/0/format: is missing");
    CHECK(issues(R"~({"rule": "required", "column": "aa"})~") == "/rules/0: there is no column \"aa\"; did you mean \"a\"?");
    CHECK(issues(R"~({"rule": "row", "expr": "a"})~") == "/rules/0/expr: a row rule is true or false; this is text");
}

TEST_CASE("rules of a spec judge its result") {
    const auto ran = run_spec(R"~({"spec": 1, "fields": [{"target": "n", "expr": "parse_int(a)"}], "validation": {"rules": [{"rule": "range", "column": "n", "max": 10}, {"rule": "unique", "column": "n"}]}})~",
                              "a,b\n3,\n30,\n3,\n4,\n");
    CHECK(ran.out == "n\n3\n4\n");
    CHECK(ran.report.problems.at("range(n) out_of_range") == 1);
    CHECK(ran.report.problems.at("unique(n) duplicate") == 1);
}

}  // namespace
}  // namespace millrace::transform
