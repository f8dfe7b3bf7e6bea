#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/matchers/matcher.hpp"

/// From what the matchers measure to one confidence per pair, by two logistic models. The first judges a pair alone; the
/// second sees how the pair stands among its rivals. Coefficients: coefficients.inc, fitted by `bench_mapping fit` on
/// pairs made by bench/mapping/fabricate.py (see docs/mapping-quality.md).
namespace millrace::mapping {

/// Each situation has coefficients of its own: both sides have rows; one lists in each column the values that are allowed,
/// once and without rows; one is a schema.
enum class Regime : std::uint8_t { rows, lists, schema };
constexpr std::size_t regime_count = 3;
Regime regime_of(const detail::Prepared& both);

struct Scores {
    std::vector<Matrix> features;  ///< of all matchers, in order of the catalog
    Matrix alone;                  ///< log odds of the first model
    std::vector<int> assigned;     ///< target of each source, one to one, or -1
    Matrix confidence;             ///< 0 to 1
};

/// How much each feature says, in each regime; "constant" among them. A feature that is not named says nothing.
struct Model {
    struct Coefficient {
        std::string feature;
        std::array<double, regime_count> values{};
    };
    std::vector<Coefficient> alone, context;

    /// Of coefficients.inc.
    static const Model& built_in();
};

Scores score(const detail::Prepared& both, const Model& model = Model::built_in());

/// The names of the features of both models, for fitting.
std::vector<std::string_view> alone_features();
constexpr std::array<std::string_view, 9> context_features{"alone", "row_margin", "column_margin", "both_best", "assigned", "same_name", "table", "others_same", "targets"};
using Context = std::array<float, context_features.size()>;

/// What the second model sees of every pair, row by row.
std::vector<Context> contexts(const Scores& scores);

}  // namespace millrace::mapping
