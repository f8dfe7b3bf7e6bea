#include "ontology/detail/space.hpp"

#include <algorithm>
#include <cmath>

namespace millrace::ontology::detail {
namespace {

constexpr std::size_t weights_max = 8u << 20;  ///< of a model: terms times classes
constexpr double seen_before = 20;             ///< documents, that rarity means something before there are many
constexpr double length_before = 20;           ///< words, that one hit in a short text is no certainty

}  // namespace

Space::Space(const Vocabulary& vocabulary, const Seeds& seeds, const std::vector<Bag>& documents) : classes_{seeds.classes.size()} {
    std::vector<std::uint32_t> frequency(vocabulary.size());
    for (const auto& bag : documents) {
        for (const auto& posting : bag) ++frequency[posting.term];
    }
    const auto all = static_cast<double>(documents.size()) + seen_before;
    rarity_.resize(vocabulary.size());
    for (std::size_t term = 0; term < rarity_.size(); ++term) {
        rarity_[term] = static_cast<float>(std::log(all / (frequency[term] + 0.5)));
        rarity_[term] = std::max(rarity_[term], 0.01F);
    }

    std::vector<char> is_seed(vocabulary.size());
    for (const auto& of : seeds.of_class) {
        for (const auto& seed : of) is_seed[seed.term] = 1;
    }
    const std::size_t terms_max = weights_max / std::max<std::size_t>(classes_, 1);
    std::uint32_t least = documents.size() < 50 ? 1 : 2;
    const auto kept = [&](std::uint32_t lowest) {
        std::size_t count = 0;
        for (std::size_t term = 0; term < frequency.size(); ++term) count += frequency[term] >= lowest || is_seed[term];
        return count;
    };
    while (kept(least) > terms_max && least < documents.size()) ++least;
    number_.assign(vocabulary.size(), none);
    for (std::uint32_t term = 0; term < number_.size(); ++term) {
        if (frequency[term] < least && !is_seed[term]) continue;
        number_[term] = static_cast<std::uint32_t>(term_of_.size());
        term_of_.push_back(term);
    }
    terms_ = term_of_.size();

    seeds_of_term_.resize(terms_);
    seeds_.resize(classes_);
    for (std::uint32_t of = 0; of < classes_; ++of) {
        for (const auto& seed : seeds.of_class[of]) {
            const auto number = number_[seed.term];
            const auto weight = seed.weight * rarity_[seed.term];
            seeds_of_term_[number].push_back({of, weight});
            seeds_[of].push_back({number, weight});
        }
    }
}

Point Space::place(const Bag& counts) const {
    Point point;
    std::vector<float> keywords(classes_);
    double square = 0, length = 0;
    for (const auto& posting : counts) {
        length += posting.value;
        const auto number = number_[posting.term];
        if (number == none) continue;
        const float often = std::log1p(posting.value);
        const float value = often * std::pow(rarity_[posting.term], 0.7F);
        point.terms.push_back({number, value});
        square += value * value;
        for (const auto& seed : seeds_of_term_[number]) keywords[seed.of] += seed.value * often;
    }
    const auto shorter = static_cast<float>(square > 0 ? 1 / std::sqrt(square) : 0);
    for (auto& posting : point.terms) posting.value *= shorter;
    const auto damped = static_cast<float>(std::pow(length + length_before, -0.3));
    for (std::uint32_t of = 0; of < classes_; ++of) {
        if (keywords[of] > 0) point.keywords.push_back({of, keywords[of] * damped});
    }
    return point;
}

}  // namespace millrace::ontology::detail
