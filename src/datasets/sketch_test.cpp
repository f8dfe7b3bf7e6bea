#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "datasets/profile.hpp"

using namespace millrace;
using namespace millrace::datasets;
using formats::parquet::Dictionary;

namespace {

formats::Column numbers(const std::vector<std::int64_t>& values) {
    formats::Column column{.type = {.type = formats::Type::int64}};
    for (const auto value : values) column.push(value);
    return column;
}

void add(ColumnProfiler& profiler, const formats::Column& column) {
    Dictionary dictionary;
    dictionary.build(column);
    profiler.add(column, dictionary);
}

}  // namespace

TEST_CASE("quantiles of any distribution are within two percent of their rank") {
    std::mt19937_64 random{7};
    std::vector<double> values;
    for (int i = 0; i < 50'000; ++i) values.push_back(std::exp(static_cast<double>(random() % 10'000) / 1000));
    Quantiles whole, one, two;
    for (std::size_t i = 0; i < values.size(); ++i) {
        whole.add(values[i], 1);
        (i < 20'000 ? one : two).add(values[i], 1);
    }
    one.merge(two);

    std::ranges::sort(values);
    for (const double q : {0.01, 0.1, 0.5, 0.9, 0.99}) {
        for (const auto* sketch : {&whole, &one}) {
            const auto rank = std::ranges::lower_bound(values, sketch->at(q)) - values.begin();
            CHECK(static_cast<double>(rank) / 50'000 == doctest::Approx(q).epsilon(0.02));
        }
    }
}

TEST_CASE("the shape of a text is told in few characters") {
    struct Row { const char *text, *want; };
    for (const Row& row : std::initializer_list<Row>{{"1017 AB", "9999 AA"}, {"Amsterdam", "Aa+"}, {"façade", "a+"}, {"ABCDE-12345", "A+-9+"}, {"", ""}, {"----", "----"}}) {
        CAPTURE(row.text);
        std::string shape;
        pattern_of(row.text, shape);
        CHECK(shape == row.want);
    }
}

TEST_CASE("profiles of two halves make the profile of the whole") {
    std::vector<std::int64_t> first, second;
    for (int i = 0; i < 3000; ++i) (i < 1000 ? first : second).push_back(i % 100);
    ColumnProfiler whole, half, rest;
    add(whole, numbers(first));
    add(whole, numbers(second));
    add(half, numbers(first));
    add(rest, numbers(second));

    half.merge(rest);

    const ColumnInfo info{.name = "n", .original_name = "n", .type = formats::Type::int64};
    const auto a = whole.finish(info), b = half.finish(info);
    CHECK(b.count == a.count);
    CHECK(b.min == a.min);
    CHECK(b.max == a.max);
    CHECK(b.mean == a.mean);
    CHECK(b.distinct == a.distinct);
    CHECK(b.quantiles[3].value == a.quantiles[3].value);
    CHECK(b.top[0].count == a.top[0].count);
}

TEST_CASE("a profile says what the values of a column look like") {
    formats::Column column;
    for (int i = 0; i < 1000; ++i) column.push(std::string_view{i % 4 == 0 ? "unknown" : "jan@example.org"});
    ColumnProfiler profiler;
    add(profiler, column);

    const auto profile = profiler.finish({.name = "mail", .original_name = "mail"});

    CHECK(profile.looked_at == 1000);
    REQUIRE(profile.detected.size() == 1);
    CHECK(profile.detected[0].detector == Detector::email);
    CHECK(profile.detected[0].share == 0.75);
    REQUIRE(profile.patterns.size() == 2);
    CHECK(profile.patterns[0].pattern == "aaa@a+.aaa");
}
