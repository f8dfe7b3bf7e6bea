#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <chrono>
#include <fstream>
#include <set>
#include <sstream>

#include "transform/calendar.hpp"
#include "transform/decimal.hpp"
#include "transform/detail/regex.hpp"
#include "transform/testing.hpp"

namespace millrace::transform {
namespace {

LookupTables countries() {
    LookupSpec spec{.rows = LookupSpec::Inline{{"code", "name"}, {{"NL", "Netherlands"}, {"BE", "Belgium"}, {"EU", std::nullopt}}}, .key = {"code"}};
    return LookupTables{{{"countries", spec}}, [](const auto&, const auto&) { return nullptr; }};
}

TEST_CASE("the example of every operator holds") {
    const auto lookups = countries();
    std::set<std::string> names;
    for (const auto& group : operator_groups()) {
        for (const auto& op : group.operators) {
            CAPTURE(op.signature);
            std::string value;
            try {
                value = evaluate(std::string{op.example}, {}, lookups.by_name);
            } catch (const ExpressionFault& fault) {
                value = explain(op.example, fault);
            }
            CHECK(value == "true");
            CHECK(names.insert(signature_of(op).name).second);
        }
    }
    CHECK(names.size() >= 60);
}

TEST_CASE("references and schemas in the documentation are those that are made") {
    for (const auto& [file, made] : {std::pair{"guide/operators.md", operator_reference()}, {"guide/rules.md", rules_reference()},
                                     {"api/mapping-spec.schema.json", json::serialize(spec_schema()) + '\n'}, {"api/rules.schema.json", json::serialize(rules_schema()) + '\n'}}) {
        std::ifstream stored{std::string{MILLRACE_SOURCE_DIR} + "/docs/" + file};
        std::stringstream text;
        text << stored.rdbuf();
        CAPTURE(file);
        CHECK(text.str() == made);
    }
}

/// A number as digits, for a reference that knows no machine words: sums and products as on paper.
struct Paper {
    bool negative = false;
    std::string digits;  // lowest first

    static Paper of(std::int64_t value) {
        Paper made{value < 0, {}};
        auto text = std::to_string(value);
        if (made.negative) text.erase(0, 1);
        made.digits.assign(text.rbegin(), text.rend());
        return made;
    }
    std::string str() const {
        std::string text{digits.rbegin(), digits.rend()};
        text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
        return negative && text != "0" ? "-" + text : text;
    }
};

Paper times(const Paper& a, const Paper& b) {
    std::vector<int> sums(a.digits.size() + b.digits.size());
    for (std::size_t i = 0; i < a.digits.size(); ++i) {
        for (std::size_t j = 0; j < b.digits.size(); ++j) sums[i + j] += (a.digits[i] - '0') * (b.digits[j] - '0');
    }
    Paper made{a.negative != b.negative, {}};
    int carry = 0;
    for (const int sum : sums) {
        made.digits += static_cast<char>('0' + (sum + carry) % 10);
        carry = (sum + carry) / 10;
    }
    return made;
}

std::string digits_of(Int128 value) {
    std::string text;
    append_decimal(text, value, 0, false);
    return text;
}

TEST_CASE("products are those of paper and pencil") {
    CHECK(rc::check([](std::int64_t a, std::int64_t b) {
        const auto product = multiply(a, b);
        const auto want = times(Paper::of(a), Paper::of(b)).str();
        RC_ASSERT(product.has_value());
        RC_ASSERT(digits_of(*product) == want);
    }));
}

TEST_CASE("rounding gives the nearest number, and halves as the mode says") {
    CHECK(rc::check([](std::int32_t value) {
        for (const int digits : {1, 2, 3}) {
            const auto unit = static_cast<std::int64_t>(power_of_ten(digits));
            const std::int64_t low = (value >= 0 ? value / unit : -((-static_cast<std::int64_t>(value) + unit - 1) / unit)) * unit;
            const auto rest = value - low;  // from 0 to unit - 1
            const auto want = [&](Rounding mode) {
                const bool half = 2 * rest == unit, above = 2 * rest > unit;
                bool up = above;
                if (half && mode == Rounding::half_up) up = value > 0;
                if (half && mode == Rounding::half_down) up = value < 0;
                if (half && mode == Rounding::half_even) up = low / unit % 2 != 0;
                if (mode == Rounding::ceiling) up = rest > 0;
                if (mode == Rounding::floor) up = false;
                if (mode == Rounding::up) up = rest > 0 && value > 0;
                if (mode == Rounding::down) up = rest > 0 && value < 0;
                return (low + (up ? unit : 0)) / unit;
            };
            for (const auto mode : {Rounding::half_up, Rounding::half_even, Rounding::half_down, Rounding::up, Rounding::down, Rounding::ceiling, Rounding::floor}) {
                RC_ASSERT(scale_down(value, digits, mode) == want(mode));
            }
        }
    }));
}

TEST_CASE("a decimal that is written reads back as it was") {
    CHECK(rc::check([](std::int64_t high, std::int64_t low) {
        const Int128 value = static_cast<Int128>(high) * 1'000'000'007 + low;
        for (const int scale : {0, 2, 12}) {
            for (const bool trimmed : {false, true}) {
                std::string text;
                append_decimal(text, value, scale, trimmed);
                Int128 back = 0;
                RC_ASSERT(parse_decimal(text, {}, scale, back) == NumberFault::none);
                RC_ASSERT(back == value);
            }
        }
    }));
}

TEST_CASE("numbers are read in their notation and nothing else") {
    struct Row {
        const char* name;
        std::string expr, text, want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"plain", "parse_decimal(x, 2)", "12.5", "12.50"},
             {"comma", "parse_decimal(x, 2, ',', '.')", "1.234,5", "1234.50"},
             {"wrong group", "parse_decimal(x, 2, ',', '.')", "1.23,5", "error not_a_number"},
             {"group after the point", "parse_decimal(x, 2, ',', '.')", "1,234.5", "error not_a_number"},
             {"digits that are lost", "parse_decimal(x, 2)", "1.005", "error too_many_digits"},
             {"zeros that are not", "parse_decimal(x, 2)", "1.500000", "1.50"},
             {"38 digits", "parse_decimal(x, 0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
             {"39 digits", "parse_decimal(x, 0)", "999999999999999999999999999999999999999", "error overflow"},
             {"38 digits and a scale", "parse_decimal(x, 2)", "99999999999999999999999999999999999999", "error overflow"},
             {"spaces", "parse_decimal(x, 2)", " 1", "error not_a_number"},
             {"loose", "parse_decimal(x, 2, loose: true)", "\u20ac 1.5 ", "1.50"},
             {"empty", "parse_decimal(x, 2)", "", "error not_a_number"},
             {"a sign alone", "parse_int(x)", "-", "error not_a_whole_number"},
             {"a fraction", "parse_int(x)", "1.5", "error not_a_whole_number"},
             {"beyond 64 bits", "parse_int(x)", "9223372036854775808", "error overflow"},
             {"the last of 64 bits", "parse_int(x)", "-9223372036854775808", "-9223372036854775808"},
             {"int overflow", "parse_int(x) + 1", "9223372036854775807", "error overflow"},
             {"the least, negated", "-parse_int(x)", "-9223372036854775808", "error overflow"},
             {"division by zero", "1 / parse_int(x)", "0", "error division_by_zero"},
             {"a third", "round(10 / parse_int(x), 2)", "3", "3.33"},
             {"half a cent", "round(parse_decimal(x, 3), 2)", "2.675", "2.68"},
             {"half a cent, even", "round(parse_decimal(x, 3), 2, 'half_even')", "2.665", "2.66"},
         }) {
        CAPTURE(row.name);
        CHECK(evaluate(row.expr, {{"x", row.text}}) == row.want);
    }
}

TEST_CASE("days are those of std::chrono") {
    using namespace std::chrono;
    for (std::int64_t day = -719'162; day <= 2'932'896; day += 97) {
        const year_month_day want{sys_days{days{day}}};
        const auto got = date_of(day);
        REQUIRE(got.year == static_cast<int>(want.year()));
        REQUIRE(got.month == static_cast<unsigned>(want.month()));
        REQUIRE(got.day == static_cast<unsigned>(want.day()));
        REQUIRE(days_of(got) == day);
    }
}

TEST_CASE("dates are read by their pattern, and doubtful ones are refused") {
    struct Row {
        const char* name;
        std::string expr, text, want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"pattern", "parse_date(x, 'dd-MM-yyyy')", "09-02-2024", "2024-02-09"},
             {"one digit", "parse_date(x, 'd/M/yyyy')", "9/2/2024", "2024-02-09"},
             {"no such day", "parse_date(x, 'dd-MM-yyyy')", "30-02-2024", "error impossible_date"},
             {"leap day", "parse_date(x)", "2023-02-29", "error impossible_date"},
             {"another order", "parse_date(x)", "03/04/2024", "error ambiguous_date"},
             {"order given", "parse_date(x, order: 'mdy')", "03/04/2024", "2024-03-04"},
             {"patterns that disagree", "parse_date(x, ['dd/MM/yyyy', 'MM/dd/yyyy'])", "03/04/2024", "error ambiguous_date"},
             {"patterns of which one fits", "parse_date(x, ['dd/MM/yyyy', 'MM/dd/yyyy'])", "25/04/2024", "2024-04-25"},
             {"name of a month", "parse_date(x, 'd MMMM yyyy')", "3 maart 2024", "2024-03-03"},
             {"rest", "parse_date(x)", "2024-01-01 ", "error not_a_date"},
             {"time", "parse_time(x, 'h:mm a')", "12:05 am", "00:05:00"},
             {"instant", "parse_timestamp(x, utc: true)", "2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00Z"},
             {"no offset", "parse_timestamp(x, utc: true)", "2024-01-01T00:30:00", "error no_offset"},
             {"an offset", "parse_timestamp(x)", "2024-01-01T00:30:00Z", "error has_offset"},
             {"beyond", "add_days(parse_date(x), 3652060)", "2024-01-01", "error overflow"},
         }) {
        CAPTURE(row.name);
        CHECK(evaluate(row.expr, {{"x", row.text}}) == row.want);
    }
}

TEST_CASE("null, missing and error are three things") {
    struct Row {
        std::string expr, want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"extract(x, '[0-9]+')", "missing"},
             {"upper(extract(x, '[0-9]+'))", "null"},
             {"coalesce(extract(x, '[0-9]+'), 'none')", "none"},
             {"coalesce(parse_int(x), 0)", "error not_a_whole_number"},
             {"if_error(parse_int(x), 0)", "0"},
             {"is_null(parse_int(x))", "error not_a_whole_number"},
             {"false and parse_int(x) = 1", "false"},
             {"true and parse_int(x) = 1", "error not_a_whole_number"},
             {"if(null, 'a', 'b')", "b"},
             {"x & null", "null"},
             {"if(true, 1, null)", "1"},
             {"x = null", "null"},
         }) {
        CAPTURE(row.expr);
        CHECK(evaluate(row.expr, {{"x", "abc"}}) == row.want);
    }
}

TEST_CASE("texts of any bytes go through every operator on one text") {
    std::vector<std::string> calls;
    for (const auto& group : operator_groups()) {
        for (const auto& op : group.operators) {
            const auto& signature = signature_of(op);
            const bool alone = !signature.parameters.empty() && signature.parameters[0].kind == "text" && !signature.parameters[0].constant &&
                               std::all_of(signature.parameters.begin() + 1, signature.parameters.end(), [](const Parameter& p) { return p.preset.has_value(); });
            if (alone && op.bind) calls.push_back(signature.name + "(`x`)");
        }
    }
    REQUIRE(calls.size() > 20);
    CHECK(rc::check([&](const std::string& text) {
        for (const auto& call : calls) evaluate(call, {{"x", text}});
    }));
}

TEST_CASE("trimming takes what Unicode calls white space from both ends") {
    CHECK(rc::check([](const std::string& text) {
        std::string clean;
        for (const char c : text) clean += static_cast<unsigned char>(c) < 0x80 ? c : 'x';
        const auto isspace = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
        auto want = clean;
        while (!want.empty() && isspace(want.front())) want.erase(0, 1);
        while (!want.empty() && isspace(want.back())) want.pop_back();
        RC_ASSERT(evaluate("trim(x)", {{"x", clean + "\u00a0"}}) == want);
    }));
}

TEST_CASE("patterns of fixed length match what RE2 matches") {
    const std::vector<std::string> patterns{"ART-[0-9]{5}", "[A-Z]{2}", "\\d\\d:[a-f0-9_]{2}", "a{0}b", "x[A-Ca-c ]{3}y", "", "[0-9]{3}/[0-9]"};
    for (const auto& pattern : patterns) REQUIRE(FixedPattern::of(pattern).has_value());
    for (const auto* other : {"a+", "a|b", "[^a]", "a.b", "(a)", "a{2,3}", "a?", "[[:alpha:]]", "\\w", "a{}", "^a$", "[a-]", "\u00e9"}) CHECK_FALSE(FixedPattern::of(other).has_value());
    CHECK(rc::check([&] {
        const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string{"ARTaxy-0123:/ b_"}));
        for (const auto& pattern : patterns) {
            for (const auto& one : {text, "ART-" + text, "x" + text + "y", text.substr(0, 2), text.substr(0, 5)}) {
                RC_ASSERT(FixedPattern::of(pattern)->matches(one) == RE2::FullMatch(one, pattern));
            }
        }
    }));
}

TEST_CASE("codes are checked by their check digits") {
    struct Row {
        std::string format, text;
        bool good;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"iban", "NL91ABNA0417164300", true}, {"iban", "NL91ABNA0417164301", false}, {"iban", "BE68539007547034", true},
             {"ean", "4006381333931", true},       {"ean", "4006381333932", false},       {"ean", "96385074", true},
             {"vat", "NL004495445B01", true},      {"vat", "NL004495446B01", false},      {"vat", "DE136695976", true},
             {"vat", "BE0411905847", true},        {"vat", "BE0411905848", false},        {"isbn", "0306406152", true},
             {"email", "a.b+c@example.co.uk", true}, {"email", "a b@example.com", false}, {"email", "a@b", false},
             {"email", "a..b@example.com", false}, {"url", "https://example.com/a?b=c", true}, {"url", "example.com", false},
             {"country", "NL", true},              {"country", "ZZ", false},              {"currency", "EUR", true},
             {"ip", "192.168.1.1", true},          {"ip", "256.1.1.1", false},            {"ip", "::1", true},
             {"uuid", "886313e1-3b8a-5372-9b90-0c9aee199e5d", true}, {"bic", "ABNANL2A", true}, {"phone", "+31612345678", true},
         }) {
        CAPTURE(row.format);
        CAPTURE(row.text);
        CHECK(evaluate("is_format(x, '" + row.format + "')", {{"x", row.text}}) == (row.good ? "true" : "false"));
    }
}

}  // namespace
}  // namespace millrace::transform
