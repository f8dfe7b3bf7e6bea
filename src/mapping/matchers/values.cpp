#include "mapping/matchers/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace millrace::mapping {
namespace {

using detail::PreparedField;

struct Common {
    double count = 0;      ///< different values in both
    double contained = 0;  ///< weight of them, of that of the smaller set
    double of_source = 0;
    double jaccard = 0;
};

Common common(const PreparedField& source, const PreparedField& target) {
    double both = 0, source_all = 0, target_all = 0, count = 0;
    for (const auto& [value, weight] : source.value_set) source_all += static_cast<double>(weight);
    for (const auto& [value, weight] : target.value_set) target_all += static_cast<double>(weight);
    for (auto i = source.value_set.begin(), j = target.value_set.begin(); i != source.value_set.end() && j != target.value_set.end();) {
        if (i->first < j->first) ++i;
        else if (j->first < i->first) ++j;
        else {
            both += static_cast<double>(i->second);
            ++count;
            ++i;
            ++j;
        }
    }
    if (both <= 0) return {};
    return {count, std::min(1.0, both / std::min(source_all, target_all)), both / source_all, both / (source_all + target_all - both)};
}

struct Values final : Matcher {
    enum { overlap, jaccard, pieces, none, enumeration, count };

    std::string_view name() const override { return "values"; }
    std::span<const std::string_view> features() const override {
        static constexpr std::array<std::string_view, count> all{"values_contained", "values_jaccard", "values_pieces", "values_disjoint", "enumeration"};
        return all;
    }

    void measure(const detail::Prepared& both, std::span<Matrix> features) const override {
        for (std::size_t s = 0; s < both.source.size(); ++s) {
            const auto& source = both.source[s];
            if (!source.values) continue;
            for (std::size_t t = 0; t < both.target.size(); ++t) {
                const auto& target = both.target[t];
                if (!target.values) continue;
                const auto found = common(source, target);
                // A few common values may be chance.
                features[overlap].at(s, t) = static_cast<float>(found.contained * (1 - std::exp(-found.count / 2)));
                features[jaccard].at(s, t) = static_cast<float>(found.jaccard);
                if (!source.grams.empty() && !target.grams.empty()) {
                    features[pieces].at(s, t) = static_cast<float>(detail::cosine(source.grams, target.grams));
                }
                const bool few = source.values->complete && source.values->distinct <= 50 && target.values->distinct <= 50;
                if (found.count == 0 && few) features[none].at(s, t) = 1;
                if (target.enumerated) features[enumeration].at(s, t) = static_cast<float>(2 * found.of_source - 1);
            }
        }
    }

    std::string reason(const detail::Prepared& both, std::size_t s, std::size_t t) const override {
        if (!both.source[s].values || !both.target[t].values) return "";
        const auto found = common(both.source[s], both.target[t]);
        if (found.count < 2 || found.contained < 0.3) return "";
        return fmt::format("{} of its values stand in the target", static_cast<int>(found.count));
    }
};

}  // namespace

const Matcher& values_matcher() {
    static const Values matcher;
    return matcher;
}

}  // namespace millrace::mapping
