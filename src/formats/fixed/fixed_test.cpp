#include <doctest/doctest.h>

#include <string>

#include "formats/fixed/fixed.hpp"
#include "formats/testing.hpp"

namespace millrace::formats::fixed {
namespace {

using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<std::string>>;

ReadBack read(std::string text, ReadOptions options = {}) { return read_all(format(), std::move(text), std::move(options)); }

std::string recognised(std::string text, std::string_view filename = "", const json::object& dialect = {}) {
    TextSource source{std::move(text)};
    return std::string{recognise(source, filename, dialect).name()};
}

const std::string stock =
    "Code    Description          Stock   Price\n"
    "A-1     Bolt M8                 12    0.25\n"
    "A-22    Nut                   1200    0.10\n"
    "B-7     Wåsher, lårge            7   12.50\n"
    "\n"
    "C-100   Screw driver             3    9.95\n";

}  // namespace

TEST_CASE("columns are found by the blanks that all lines share") {
    const auto got = read(stock);
    CHECK(got.names == Names{"Code", "Description", "Stock", "Price"});
    CHECK(got.rows == Rows{{"A-1", "Bolt M8", "12", "0.25"},
                           {"A-22", "Nut", "1200", "0.10"},
                           {"B-7", "Wåsher, lårge", "7", "12.50"},
                           {"C-100", "Screw driver", "3", "9.95"}});
    CHECK(got.report.header_rows == 1);
    CHECK(got.report.blank_rows == 1);
}

TEST_CASE("a rule below the header belongs to it") {
    const auto got = read(
        "Name        Town\n"
        "----------  ----------\n"
        "Ann         Ghent\n"
        "Bo          Delft\n"
        "Cy          Breda\n"
        "Dee         Goes\n", {.dialect = {{"widths", {12, 10}}}});
    CHECK(got.names == Names{"Name", "Town"});
    CHECK(got.rows.size() == 4);
    CHECK(got.report.header_rows == 2);
}

TEST_CASE("widths that are given count characters, not bytes") {
    const auto got = read("éé1  22\nab 345 \n", {.dialect = {{"widths", {2, 3, 2}}, {"header", false}}});
    CHECK(got.names == Names{"column_1", "column_2", "column_3"});
    CHECK(got.rows == Rows{{"éé", "1", "22"}, {"ab", "34", "5"}});
    CHECK(read("abcdef", {.dialect = {{"widths", {1, 2, 3}}}}).rows == Rows{{"a", "bc", "def"}});
    CHECK(read("a", {.dialect = {{"widths", {1, 2, 3}}}}).rows == Rows{{"a", "", ""}});
}

TEST_CASE("a line that does not fit is rejected alone") {
    std::string text = stock;
    for (int i = 0; i < 3000; ++i) text += "C-100   Screw driver             3    9.95\n";
    const auto got = read(text + "D-1   too far to the right       3    9.95\nE-\xff     Nut                   1200    0.10\n");
    REQUIRE(got.rejects.size() == 2);
    CHECK(got.rejects[0].code == "misaligned");
    CHECK(got.rejects[0].line == 3007);
    CHECK(got.rejects[1].code == "invalid_utf8");
    CHECK(got.rows.size() == 3004);
    const auto wide = read("ab\nabc\n", {.dialect = {{"widths", {1, 1}}}});
    REQUIRE(wide.rejects.size() == 1);
    CHECK(wide.rejects[0].code == "line_too_wide");
}

TEST_CASE("words that leave a blank by chance are one cell") {
    const auto got = read(
        "Code    Name        Stock\n"
        "A-1     Bolt M8        12\n"
        "A-2     Nut           120\n"
        "B-1     Pin             7\n");
    CHECK(got.names == Names{"Code", "Name", "Stock"});
    CHECK(got.rows[0] == std::vector<std::string>{"A-1", "Bolt M8", "12"});
}

TEST_CASE("a timestamp is one column") {
    const auto got = read(
        "2024-01-02 10:00:00  pump   1.5\n"
        "2024-01-02 10:05:00  valve  12.0\n"
        "2024-01-02 10:10:00  pump   0.25\n"
        "2024-01-02 10:15:00  pump   7.5\n");
    CHECK(!got.header);
    CHECK(got.rows[1] == std::vector<std::string>{"2024-01-02 10:05:00", "valve", "12.0"});
}

TEST_CASE("text of fixed width is recognised only where no delimiter explains it") {
    CHECK(recognised(stock, "stock.txt") == "fixed");
    CHECK(recognised(stock) == "fixed");
    CHECK(recognised(stock, "stock.csv") == "csv");
    CHECK(recognised(stock, "stock.csv", {{"widths", {8, 20, 6, 8}}}) == "fixed");
    for (const auto& [name, text] : std::initializer_list<std::pair<std::string, std::string>>{
             {"commas, aligned", "a,     b,     c\n1,     2,     3\n4,     5,     6\n7,     8,     9\n10,    11,    12\n"},
             {"semicolons in padded cells", "id ;name      ;n\n1  ;Ann       ;2\n2  ;Bo        ;3\n3  ;Cy        ;4\n"},
             {"bars", "| a  | b   |\n| 1  | 2   |\n| 33 | 444 |\n| 5  | 6   |\n"},
             {"tabs", "a\tb\n1\t2\n3\t4\n5\t6\n"},
             {"single blanks", "a b\n1 2\n3 4\n5 6\n7 8\n"},
             {"prose", "This is a letter  that\nhas two blanks    here\nand there, but       no\ntable at all.\nIt goes on for a few lines\n"},
             {"too few lines", "a    b\n1    2\n"},
         }) {
        CAPTURE(name);
        CHECK(recognised(text) == "csv");
    }
}

TEST_CASE("overrides that do not fit are refused") {
    for (const auto& dialect : std::initializer_list<json::object>{
             {{"widths", json::array{}}}, {{"widths", {0}}}, {{"widths", "8"}}, {{"delimiter", ";"}}, {{"header", 1}}}) {
        CHECK(code_of([&] { read(stock, {.dialect = dialect}); }) == Code::invalid_parameter);
    }
    CHECK(code_of([] { read("no columns\nare here\nat all\nx\n"); }) == Code::malformed_file);
}

}  // namespace millrace::formats::fixed
