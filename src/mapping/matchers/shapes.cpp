#include "mapping/matchers/shapes.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace millrace::mapping {
namespace {

using detail::PreparedField;
using detail::Sort;

/// 1 - the largest difference of the two distribution functions (Kolmogorov, Smirnov), from quantiles.
double same_numbers(const std::vector<double>& a, const std::vector<double>& b) {
    double most = 0;
    const auto share = [](const std::vector<double>& all, double value) {
        const auto low = std::ranges::lower_bound(all, value) - all.begin(), high = std::ranges::upper_bound(all, value) - all.begin();
        return static_cast<double>(low + high) / 2 / static_cast<double>(all.size());
    };
    for (const auto* side : {&a, &b}) {
        for (const double value : *side) most = std::max(most, std::abs(share(a, value) - share(b, value)));
    }
    return 1 - most;
}

double same_shares(const detail::Vector& a, const detail::Vector& b) {
    double sum = 0;
    for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
        if (i->first < j->first) ++i;
        else if (j->first < i->first) ++j;
        else sum += static_cast<double>(std::min((i++)->second, (j++)->second));
    }
    return sum;
}

double same_shares(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) sum += static_cast<double>(std::min(a[i], b[i]));
    return sum;
}

struct Shapes final : Matcher {
    enum { numbers, both_numbers, other_sort, masks, lengths, distinct, count };

    std::string_view name() const override { return "shapes"; }
    std::span<const std::string_view> features() const override {
        static constexpr std::array<std::string_view, count> all{"numbers", "both_numbers", "other_sort", "masks", "lengths", "distinct"};
        return all;
    }

    void measure(const detail::Prepared& both, std::span<Matrix> features) const override {
        for (std::size_t s = 0; s < both.source.size(); ++s) {
            const auto& source = both.source[s];
            for (std::size_t t = 0; t < both.target.size(); ++t) {
                const auto& target = both.target[t];
                if (source.sort != Sort::unknown && target.sort != Sort::unknown && source.sort != target.sort) features[other_sort].at(s, t) = 1;
                if (!source.values || !target.values || target.enumerated) continue;
                if (!source.quantiles.empty() && !target.quantiles.empty()) {
                    features[both_numbers].at(s, t) = 1;
                    features[numbers].at(s, t) = static_cast<float>(same_numbers(source.quantiles, target.quantiles));
                }
                features[masks].at(s, t) = static_cast<float>(same_shares(source.masks, target.masks));
                features[lengths].at(s, t) = static_cast<float>(same_shares(source.lengths, target.lengths));
                features[distinct].at(s, t) = static_cast<float>(1 - std::abs(source.distinct_share - target.distinct_share));
            }
        }
    }

    std::string reason(const detail::Prepared& both, std::size_t s, std::size_t t) const override {
        const auto& source = both.source[s];
        const auto& target = both.target[t];
        if (!source.values || !target.values || target.enumerated) return "";
        if (!source.quantiles.empty() && !target.quantiles.empty()) {
            return same_numbers(source.quantiles, target.quantiles) > 0.8 ? "numbers are spread alike" : "";
        }
        return same_shares(source.masks, target.masks) > 0.7 ? "values are written alike" : "";
    }
};

}  // namespace

const Matcher& shapes_matcher() {
    static const Shapes matcher;
    return matcher;
}

}  // namespace millrace::mapping
