#include "mapping/matchers/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "mapping/words.hpp"

namespace millrace::mapping {
namespace {

using detail::Bag;
using detail::PreparedField;
using detail::Variant;

/// How much of each bag finds its like in the other.
struct Shared {
    double of_source = 0, of_target = 0;
    double both() const { return of_source + of_target > 0 ? 2 * of_source * of_target / (of_source + of_target) : 0; }
};

Shared shared(const Bag& source, const Bag& target, const std::vector<std::vector<float>>& likeness) {
    double source_sum = 0, source_all = 0, target_sum = 0, target_all = 0;
    for (std::size_t i = 0; i < source.words.size(); ++i) {
        float best = 0;
        for (const auto word : target.words) best = std::max(best, likeness[source.words[i]][word]);
        source_sum += static_cast<double>(source.weights[i] * best);
        source_all += static_cast<double>(source.weights[i]);
    }
    for (std::size_t j = 0; j < target.words.size(); ++j) {
        float best = 0;
        for (const auto word : source.words) best = std::max(best, likeness[word][target.words[j]]);
        target_sum += static_cast<double>(target.weights[j] * best);
        target_all += static_cast<double>(target.weights[j]);
    }
    return {source_all > 0 ? source_sum / source_all : 0, target_all > 0 ? target_sum / target_all : 0};
}

/// "budget_2013" is not "budget", and "address1" not "address2".
std::string digits_of(const std::vector<Variant>& variants) {
    std::string digits;
    if (variants.empty()) return digits;
    for (const char c : variants.front().squashed) {
        if (c >= '0' && c <= '9') digits += c;
    }
    return digits;
}

struct Names final : Matcher {
    enum { same, words, contained, abbreviated, spelled, opaque, other_number, count };

    std::string_view name() const override { return "names"; }
    std::span<const std::string_view> features() const override {
        static constexpr std::array<std::string_view, count> all{"same_name", "words", "words_contained", "abbreviated", "spelled", "opaque", "other_number"};
        return all;
    }

    void measure(const detail::Prepared& both, std::span<Matrix> features) const override {
        for (std::size_t s = 0; s < both.source.size(); ++s) {
            for (std::size_t t = 0; t < both.target.size(); ++t) {
                const auto& source = both.source[s];
                const auto& target = both.target[t];
                if (source.opaque || target.opaque) {
                    features[opaque].at(s, t) = 1;
                    if (source.opaque != target.opaque || source.variants.empty() || target.variants.empty()) continue;
                }
                if (digits_of(source.variants) != digits_of(target.variants)) features[other_number].at(s, t) = 1;
                for (const auto& a : source.variants) {
                    for (const auto& b : target.variants) compare(both, a, b, s, t, features);
                }
            }
        }
    }

    std::string reason(const detail::Prepared& both, std::size_t s, std::size_t t) const override {
        double best = 0.6;
        std::string why;
        for (const auto& a : both.source[s].variants) {
            for (const auto& b : both.target[t].variants) {
                if (a.squashed == b.squashed) return "same name";
                const double words_alike = shared(a.bag, b.bag, both.word_likeness).both();
                const double short_for = std::max(abbreviation(a.squashed, b.words), abbreviation(b.squashed, a.words));
                if (words_alike > best) {
                    best = words_alike;
                    why = "names share their words";
                }
                if (short_for > best) {
                    best = short_for;
                    why = a.squashed.size() < b.squashed.size() ? "name is short for the target's" : "target's name is short for it";
                }
            }
        }
        return why;
    }

private:
    void compare(const detail::Prepared& both, const Variant& a, const Variant& b, std::size_t s, std::size_t t, std::span<Matrix> features) const {
        const auto raise = [&](int feature, double value) {
            auto& at = features[static_cast<std::size_t>(feature)].at(s, t);
            at = std::max(at, static_cast<float>(value));
        };
        if (a.squashed == b.squashed) {
            for (const int feature : {same, words, contained, abbreviated, spelled}) raise(feature, 1);
            return;
        }
        const auto found = shared(a.bag, b.bag, both.word_likeness);
        raise(words, found.both());
        raise(contained, std::max(found.of_source, found.of_target));
        if ((a.letters & ~b.letters) == 0) raise(abbreviated, abbreviation(a.squashed, b.words));
        if ((b.letters & ~a.letters) == 0) raise(abbreviated, abbreviation(b.squashed, a.words));
        raise(spelled, pair_similarity(a.pairs, b.pairs));
        if (std::popcount(a.letters ^ b.letters) <= static_cast<int>(std::max(a.squashed.size(), b.squashed.size()))) raise(spelled, edit_similarity(a.squashed, b.squashed));
    }
};

}  // namespace

const Matcher& names_matcher() {
    static const Names matcher;
    return matcher;
}

}  // namespace millrace::mapping
