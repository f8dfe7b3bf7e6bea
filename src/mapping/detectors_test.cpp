#include "mapping/detectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace millrace::mapping {
namespace {

Summary summary(const std::vector<std::string>& values) {
    Summarizer summarizer;
    for (const auto& value : values) summarizer.add(value);
    return summarizer.finish();
}

TEST_CASE("a value is of a kind when its form and its check digits say so") {
    struct Row { const char* name; std::string_view text; Kind kind; bool want; };
    for (const Row& row : std::initializer_list<Row>{
             {"e-mail", "ann@example.org", Kind::email, true},
             {"no domain", "ann@example", Kind::email, false},
             {"iban", "NL91 ABNA 0417 1643 00", Kind::iban, true},
             {"iban, a digit changed", "NL91 ABNA 0417 1643 01", Kind::iban, false},
             {"gtin", "4006381333931", Kind::gtin, true},
             {"gtin, a digit changed", "4006381333932", Kind::gtin, false},
             {"vat id", "DE136695976", Kind::vat, true},
             {"vat id of no country", "QQ136695976", Kind::vat, false},
             {"uuid", "01234567-89ab-cdef-0123-456789abcdef", Kind::uuid, true},
             {"address of a machine", "192.168.1.254", Kind::ip, true},
             {"part too large", "192.168.1.256", Kind::ip, false},
             {"phone", "+31 6 12345678", Kind::phone, true},
             {"a date is no phone", "2024-01-02", Kind::phone, false},
             {"dutch postal code", "1234 AB", Kind::postal, true},
             {"british postal code", "SW1A 1AA", Kind::postal, true},
             {"house number", "29 bis", Kind::house, true},
             {"image", "https://x.example/a.jpg?w=3", Kind::image, true},
             {"street", "Hauptstraße 5", Kind::street, true},
             {"company", "Hansen GmbH", Kind::company, true},
             {"money", "1.234,56", Kind::money, true},
             {"nothing", "", Kind::email, false},
         }) {
        CAPTURE(row.name);
        CHECK(is_kind(row.text, row.kind) == row.want);
    }
}

TEST_CASE("numbers are read in every usual notation") {
    struct Row { std::string_view text; bool number; double value; bool comma; };
    for (const Row& row : std::initializer_list<Row>{
             {"1234.5", true, 1234.5, false},
             {"1.234,5", true, 1234.5, true},
             {"1,234.50", true, 1234.5, false},
             {"1,234", true, 1234, false},
             {"12,5", true, 12.5, true},
             {"€ 9,95", true, 9.95, true},
             {"(12.50)", true, -12.5, false},
             {"21%", true, 21, false},
             {"1 234", true, 1234, false},
             {"12a", false, 0, false},
             {"-", false, 0, false},
         }) {
        CAPTURE(row.text);
        const auto form = number_form(row.text);
        CHECK(form.number == row.number);
        CHECK(form.value == doctest::Approx(row.value));
        CHECK(form.comma == row.comma);
    }
}

TEST_CASE("dates show their order") {
    using Order = DateForm::Order;
    struct Row { std::string_view text; Order order; bool time; };
    for (const Row& row : std::initializer_list<Row>{
             {"2024-02-29", Order::ymd, false},
             {"29-02-2024", Order::dmy, false},
             {"02/29/2024", Order::mdy, false},
             {"01/02/2024", Order::either, false},
             {"2024-02-29T10:00:00Z", Order::ymd, true},
             {"Fri Mar 25 22:48:16 2022", Order::words, true},
             {"3 mars 2024", Order::words, false},
             {"99/99/2024", Order::none, false},
             {"1.2.3", Order::none, false},
             {"may be", Order::none, false},
         }) {
        CAPTURE(row.text);
        CHECK(date_form(row.text).order == row.order);
        CHECK(date_form(row.text).has_time == row.time);
    }
}

TEST_CASE("dates of long ago are dates of birth") {
    const auto kinds = detect(summary({"1950-01-02", "1961-03-04", "1975-05-06", "1988-07-08", "1999-09-10"}));
    CHECK(kinds[static_cast<std::size_t>(Kind::birth)] > 0.9F);
    const auto recent = detect(summary({"2021-01-02", "2022-03-04", "2023-05-06", "2024-07-08", "2025-09-10"}));
    CHECK(recent[static_cast<std::size_t>(Kind::birth)] == 0);
}

TEST_CASE("two summaries of long columns keep the same values") {
    Summarizer one{100}, other{100};
    for (int i = 0; i < 20'000; ++i) {
        one.add(std::to_string(i));
        other.add(std::to_string(i + 10'000));
    }

    const auto a = one.finish(), b = other.finish();

    CHECK(a.count == 20'000);
    CHECK_FALSE(a.complete);
    CHECK(a.distinct == doctest::Approx(20'000).epsilon(0.3));
    const auto both = std::ranges::count_if(a.values, [&](const auto& value) {
        return std::ranges::any_of(b.values, [&](const auto& same) { return same.value == value.value; });
    });
    CHECK(both > 20);  // half of the values are common, so about half of the samples
}

}  // namespace
}  // namespace millrace::mapping
