#include <doctest/doctest.h>

#include "transform/testing.hpp"

namespace millrace::transform {
namespace {

TEST_CASE("operators bind as strongly as people expect") {
    struct Row {
        std::string text, want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"1 + 2 * 3", "add(1, multiply(2, 3))"},
             {"(1 + 2) * 3", "multiply(add(1, 2), 3)"},
             {"1 - 2 - 3", "subtract(subtract(1, 2), 3)"},
             {"-a * b", "multiply(negate(`a`), `b`)"},
             {"not a and b", "and((not `a`), `b`)"},
             {"a or b and c", "or(`a`, and(`b`, `c`))"},
             {"a & 'x' & b", "concat(`a`, 'x', `b`)"},
             {"`Order No` = 'it''s'", "equal(`Order No`, 'it''s')"},
             {"x in ['a', 2]", "in_list(`x`, ['a', 2])"},
             {"f(a, mode: 'x')", "f(`a`, mode: 'x')"},
             {"prijs.netto >= 1.50", "greater_equal(`prijs.netto`, 1.50)"},
         }) {
        CAPTURE(row.text);
        const auto expr = parse_expression(row.text);
        REQUIRE(expr.has_value());
        CHECK(to_string(*expr) == row.want);
        CHECK(to_string(*parse_expression(to_string(*expr))) == row.want);
    }
}

std::string fault_of(const std::string& text) {
    try {
        evaluate(text, {{"qty", "1"}, {"Unit Price", "2"}});
    } catch (const ExpressionFault& fault) {
        return explain(text, fault);
    }
    return "";
}

TEST_CASE("an expression that is wrong says where and what was meant") {
    struct Row {
        std::string text, want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"trimm(qty)", "column 1: there is no operator \"trimm\"; did you mean \"trim\"?\ntrimm(qty)\n^^^^^"},
             {"upper(qtty)", "column 7: there is no column \"qtty\"; did you mean \"qty\"?\nupper(qtty)\n      ^^^^"},
             {"qty * 2", "column 1: this is text, where a number is needed; read it with parse_decimal(), parse_int() or parse_float()\nqty * 2\n^^^"},
             {"1 +", "column 4: the expression ends too early\n1 +\n   ^"},
             {"'abc", "column 1: the quote is not closed\n'abc\n^^^^"},
             {"1 < 2 < 3", "column 7: comparisons do not chain; join them with and\n1 < 2 < 3\n      ^"},
             {"pad_start(qty, width: 3, fil: '0')", "column 31: pad_start() has no argument \"fil\"; did you mean \"fill\"?\npad_start(qty, width: 3, fil: '0')\n                              ^^^"},
             {"left(qty, qty)", "column 11: this must be a constant: it is known before the first row\nleft(qty, qty)\n          ^^^"},
             {"matches(qty, '(')", "column 14: the pattern is not valid: missing ): (\nmatches(qty, '(')\n             ^^^"},
             {"1 / 0", "column 1: division by zero\n1 / 0\n^^^^^"},
             {"if(1 = 1, 'a', 2)", "column 16: this is int, the values before it are text; they must have one type; write it with to_text()\nif(1 = 1, 'a', 2)\n               ^"},
             {"\u00e9\u00e9 + $", "column 6: '$' means nothing here\n\u00e9\u00e9 + $\n     ^"},
         }) {
        CAPTURE(row.text);
        CHECK(fault_of(row.text) == row.want);
    }
}

TEST_CASE("what is too large is refused before it costs anything") {
    CHECK_FALSE(parse_expression(std::string(70'000, ' ') + "1").has_value());
    CHECK_FALSE(parse_expression(std::string(1'000, '(') + "1" + std::string(1'000, ')')).has_value());
    CHECK(fault_of("matches(qty, '" + std::string(9'000, 'a') + "')").find("a pattern has at most 8 KiB") != std::string::npos);
    CHECK(fault_of("matches(qty, '((a{1,100}){1,100}){1,100}')").find("not valid") != std::string::npos);
    CHECK_FALSE(parse_expression("\xff").has_value());
}

TEST_CASE("the same value is worked out once") {
    const std::vector<SourceColumn> columns{{"a", {}}};
    const Lookups lookups;
    Program program{columns, lookups, 0};
    program.add(*parse_expression("upper(trim(a)) & 'x'"));
    const auto before = program.size();

    program.add(*parse_expression("upper(trim(a)) & 'x'"));
    program.add(*parse_expression("trim(a)"));

    CHECK(program.size() == before);
}

}  // namespace
}  // namespace millrace::transform
