#include "mapping/matchers/meanings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace::mapping {
namespace {

using detail::Bag;

struct Overlap {
    double both = 0, part = 0;
};

/// Shares of the weights of two bags that find their like in the other: of both together, and of the better one.
Overlap overlap(const Bag& source, const Bag& target, const std::vector<std::vector<float>>& likeness) {
    double source_sum = 0, source_all = 0, target_sum = 0, target_all = 0;
    std::array<float, 16> best_of_target{};
    const auto targets = std::min(target.words.size(), best_of_target.size());
    for (std::size_t i = 0; i < source.words.size(); ++i) {
        float best = 0;
        const auto& row = likeness[source.words[i]];
        for (std::size_t j = 0; j < targets; ++j) {
            const float alike = row[target.words[j]];
            best = std::max(best, alike);
            best_of_target[j] = std::max(best_of_target[j], alike);
        }
        source_sum += static_cast<double>(source.weights[i] * best);
        source_all += static_cast<double>(source.weights[i]);
    }
    for (std::size_t j = 0; j < targets; ++j) {
        target_sum += static_cast<double>(target.weights[j] * best_of_target[j]);
        target_all += static_cast<double>(target.weights[j]);
    }
    if (source_all <= 0 || target_all <= 0) return {};
    const double of_source = source_sum / source_all, of_target = target_sum / target_all;
    return {of_source + of_target > 0 ? 2 * of_source * of_target / (of_source + of_target) : 0, std::max(of_source, of_target)};
}

struct Meanings final : Matcher {
    enum { meaning, contained, certain, count };

    std::string_view name() const override { return "meanings"; }
    std::span<const std::string_view> features() const override {
        static constexpr std::array<std::string_view, count> all{"meaning", "meaning_contained", "same_meaning"};
        return all;
    }

    void measure(const detail::Prepared& both, std::span<Matrix> features) const override {
        for (std::size_t s = 0; s < both.source.size(); ++s) {
            if (both.source[s].opaque) continue;
            for (std::size_t t = 0; t < both.target.size(); ++t) {
                if (both.target[t].opaque) continue;
                double whole = 0, part = 0;
                for (const auto& a : both.source[s].meanings) {
                    for (const auto& b : both.target[t].meanings) {
                        const auto found = overlap(a, b, both.concept_likeness);
                        const auto weight = static_cast<double>(a.weight * b.weight);
                        whole = std::max(whole, found.both * weight);
                        part = std::max(part, found.part * weight);
                    }
                }
                features[meaning].at(s, t) = static_cast<float>(whole);
                features[contained].at(s, t) = static_cast<float>(part);
                features[certain].at(s, t) = whole >= 0.999 ? 1.0F : whole >= 0.85 ? 0.5F : 0.0F;
            }
        }
    }

    std::string reason(const detail::Prepared& both, std::size_t s, std::size_t t) const override {
        double best = 0.6;
        std::string why;
        for (std::size_t i = 0; i < both.source[s].meanings.size(); ++i) {
            for (const auto& b : both.target[t].meanings) {
                const auto& a = both.source[s].meanings[i];
                const double alike = overlap(a, b, both.concept_likeness).both * static_cast<double>(a.weight * b.weight);
                if (alike > best) {
                    best = alike;
                    why = fmt::format("name means {}", fmt::join(both.source[s].concepts[i], " "));
                }
            }
        }
        return why;
    }
};

}  // namespace

const Matcher& meanings_matcher() {
    static const Meanings matcher;
    return matcher;
}

}  // namespace millrace::mapping
