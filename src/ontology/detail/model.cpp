#include "ontology/detail/model.hpp"

#include <algorithm>
#include <numeric>

namespace millrace::ontology::detail {
namespace {

constexpr std::size_t candidates_max = 5;
constexpr std::size_t terms_shown = 6;
constexpr float unsure_below = 0.35F;  ///< then the concept above is answered, if that one is
constexpr float sure_above = 0.9F;     ///< of all concepts under it together
constexpr float even = 1.3F;     ///< times the share of a class when all are alike: so little says nothing
constexpr float unnamed = 2.5F;  ///< the same where no word of the text is a seed of the concept
constexpr float certain = 0.35F;  ///< enough in any case

/// Do the words speak for any class, and for this one enough? Where people decided, their words are as good as those of
/// the ontology.
bool is_any(const Point& point, std::span<const float> words, std::uint32_t best, float confidence, bool is_taught) {
    if (std::ranges::none_of(words, [](float score) { return score > 0; })) return false;
    const bool is_named = is_taught || std::ranges::any_of(point.keywords, [&](const auto& keyword) { return keyword.of == best; });
    return confidence >= std::min((is_named ? even : unnamed) / static_cast<float>(words.size()), certain);
}

}  // namespace

Classification Model::classify(std::string_view text) const {
    const auto classes = space.classes();
    Classification result;
    if (classes == 0) return result;
    const auto point = space.place(vocabulary.read(text));
    std::vector<float> scores(classes), words(classes);
    bayes.score_words(point, words);
    bayes.score(point, scores);
    for (auto& score : scores) score *= blend.bayes;
    if (logistic) {
        std::vector<float> logits(classes);
        logistic->score(point, logits);
        for (std::size_t of = 0; of < classes; ++of) scores[of] += blend.logistic * logits[of];
    }
    soften(scores, 1);

    std::vector<std::uint32_t> order(classes);
    std::iota(order.begin(), order.end(), 0U);
    const auto shown = std::min(classes, candidates_max);
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(shown), [&](auto a, auto b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
    for (std::size_t i = 0; i < shown; ++i) result.candidates.push_back({seeds.classes[order[i]], scores[order[i]]});

    auto best = order.front();
    double confidence = scores[best];
    if (scores[best] < unsure_below) {
        for (const auto above : seeds.above[best]) {
            double under = 0;
            for (std::size_t of = 0; of < classes; ++of) {
                if (of == above || std::ranges::find(seeds.above[of], above) != seeds.above[of].end()) under += scores[of];
            }
            if (under < sure_above) continue;
            best = above;
            confidence = under;
            break;
        }
    }
    result.terms = explain(point, order.front());
    if (is_any(point, words, order.front(), scores[order.front()], training.accuracy.has_value())) {
        result.concept_id = seeds.classes[best];
        result.confidence = confidence;
    } else {
        result.confidence = 1 - confidence;
    }
    return result;
}

std::vector<std::string> Model::explain(const Point& point, std::uint32_t of) const {
    std::vector<Posting> said;
    for (const auto& [number, value] : point.terms) {
        float weight = blend.bayes * bayes.weight(number, of);
        if (logistic) weight += blend.logistic * logistic->weight(number, of);
        if (weight > 0) said.push_back({number, value * weight});
    }
    std::ranges::sort(said, [](const auto& a, const auto& b) { return a.value != b.value ? a.value > b.value : a.term < b.term; });
    std::vector<std::string> terms;
    for (const auto& posting : said) {
        if (terms.size() == terms_shown) break;
        const auto& shown = vocabulary.shown(space.term(posting.term));
        if (std::ranges::find(terms, shown) == terms.end()) terms.push_back(shown);
    }
    return terms;
}

}  // namespace millrace::ontology::detail
