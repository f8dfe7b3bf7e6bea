#include "mapping/confidence.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "mapping/assignment.hpp"

namespace millrace::mapping {
namespace {

double coefficient(const std::vector<Model::Coefficient>& all, std::string_view feature, Regime regime) {
    const auto at = std::ranges::find(all, feature, &Model::Coefficient::feature);
    return at == all.end() ? 0 : at->values[static_cast<std::size_t>(regime)];
}

double share_of(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

void judge_alone(Scores& scores, const std::vector<Model::Coefficient>& model, Regime regime) {
    const auto names = alone_features();
    const auto rows = scores.features[0].rows(), columns = scores.features[0].columns();
    scores.alone = Matrix{rows, columns};
    std::vector<float> weights;
    for (const auto name : names) weights.push_back(static_cast<float>(coefficient(model, name, regime)));
    const auto constant = static_cast<float>(coefficient(model, "constant", regime));
    for (std::size_t s = 0; s < rows; ++s) {
        for (std::size_t t = 0; t < columns; ++t) {
            float sum = constant;
            for (std::size_t f = 0; f < weights.size(); ++f) sum += weights[f] * scores.features[f].at(s, t);
            scores.alone.at(s, t) = sum;
        }
    }
}

/// The greatest and the second greatest of a row or a column.
struct Top {
    float first = -30, second = -30;

    void add(float value) {
        if (value > first) {
            second = first;
            first = value;
        } else if (value > second) {
            second = value;
        }
    }
    float margin(float value) const { return std::clamp(value - (value == first ? second : first), -6.0F, 6.0F); }
};

}  // namespace

const Model& Model::built_in() {
    static const Model model{
        .alone = {
#define ALONE(feature, ...) {#feature, {__VA_ARGS__}},
#define CONTEXT(feature, ...)
#include "mapping/coefficients.inc"
#undef ALONE
#undef CONTEXT
        },
        .context = {
#define ALONE(feature, ...)
#define CONTEXT(feature, ...) {#feature, {__VA_ARGS__}},
#include "mapping/coefficients.inc"
#undef ALONE
#undef CONTEXT
        },
    };
    return model;
}

Regime regime_of(const detail::Prepared& both) {
    if (!both.source_rows || !both.target_rows) return Regime::schema;
    return both.lists ? Regime::lists : Regime::rows;
}

std::vector<std::string_view> alone_features() {
    std::vector<std::string_view> names;
    for (const auto* matcher : matchers()) {
        const auto own = matcher->features();
        names.insert(names.end(), own.begin(), own.end());
    }
    return names;
}

std::vector<Context> contexts(const Scores& scores) {
    const auto& alone = scores.alone;
    const auto rows = alone.rows(), columns = alone.columns();
    std::vector<Top> row_tops(rows), column_tops(columns);
    const auto& same = scores.features[0];  // same_name is the first feature of the first matcher
    std::vector<char> row_same(rows, 0);
    for (std::size_t s = 0; s < rows; ++s) {
        for (std::size_t t = 0; t < columns; ++t) {
            row_tops[s].add(alone.at(s, t));
            column_tops[t].add(alone.at(s, t));
            if (same.at(s, t) > 0) row_same[s] = 1;
        }
    }
    double table = 0, same_count = 0;
    for (std::size_t s = 0; s < rows; ++s) {
        table += share_of(static_cast<double>(row_tops[s].first));
        same_count += row_same[s];
    }
    const auto smaller = static_cast<double>(std::max<std::size_t>(1, std::min(rows, columns)));
    table = std::min(1.0, table / smaller);
    std::vector<Context> all(rows * columns);
    for (std::size_t s = 0; s < rows; ++s) {
        for (std::size_t t = 0; t < columns; ++t) {
            const float value = alone.at(s, t);
            const float in_row = row_tops[s].margin(value), in_column = column_tops[t].margin(value);
            const bool is_same = same.at(s, t) > 0;
            all[s * columns + t] = {std::clamp(value, -10.0F, 10.0F),
                                    in_row,
                                    in_column,
                                    in_row > 0 && in_column > 0 ? 1.0F : 0.0F,
                                    scores.assigned[s] == static_cast<int>(t) ? 1.0F : 0.0F,
                                    is_same ? 1.0F : 0.0F,
                                    static_cast<float>(table),
                                    is_same ? 0.0F : static_cast<float>(std::min(1.0, same_count / smaller)),
                                    static_cast<float>(std::log(static_cast<double>(columns)))};
        }
    }
    return all;
}

Scores score(const detail::Prepared& both, const Model& model) {
    Scores scores;
    const auto rows = both.source.size(), columns = both.target.size();
    scores.features.assign(alone_features().size(), Matrix{rows, columns});
    std::size_t at = 0;
    for (const auto* matcher : matchers()) {
        const auto count = matcher->features().size();
        matcher->measure(both, std::span{scores.features}.subspan(at, count));
        at += count;
    }
    const auto regime = regime_of(both);
    judge_alone(scores, model.alone, regime);
    scores.confidence = Matrix{rows, columns};
    for (std::size_t s = 0; s < rows; ++s) {
        for (std::size_t t = 0; t < columns; ++t) scores.confidence.at(s, t) = static_cast<float>(share_of(static_cast<double>(scores.alone.at(s, t))));
    }
    scores.assigned = assign(scores.confidence);
    const auto seen = contexts(scores);
    const double constant = coefficient(model.context, "constant", regime);
    std::array<double, context_features.size()> weights;
    for (std::size_t f = 0; f < weights.size(); ++f) weights[f] = coefficient(model.context, context_features[f], regime);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        double sum = constant;
        for (std::size_t f = 0; f < weights.size(); ++f) sum += weights[f] * static_cast<double>(seen[i][f]);
        scores.confidence.at(i / columns, i % columns) = static_cast<float>(share_of(sum));
    }
    return scores;
}

}  // namespace millrace::mapping
