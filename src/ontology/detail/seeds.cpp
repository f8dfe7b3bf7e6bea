#include "ontology/detail/seeds.hpp"

#include <algorithm>

#include "ontology/words.hpp"

namespace millrace::ontology::detail {
namespace {

constexpr float of_synonym = 1;
constexpr float of_definition = 0.3F;
constexpr float of_above = 0.3F;      ///< what concepts above say, in parts of what the concept itself says
constexpr float of_pair = 1.5F;       ///< a phrase, in parts of a word
constexpr float of_word_in_pair = 0.3F;

using Weights = std::unordered_map<std::uint32_t, float>;

class Collector {
public:
    Collector(Vocabulary& vocabulary, Weights& weights) : vocabulary_{vocabulary}, weights_{weights} {}

    void name(std::string_view text, float weight) {
        const auto stems = stems_of(text);
        if (stems.empty()) return;
        if (stems.size() == 1) return keep(stems.front(), text, weight);
        for (std::size_t i = 0; i + 1 < stems.size(); ++i) keep(stems[i] + ' ' + stems[i + 1], text, weight * of_pair);
        words(text, weight * of_word_in_pair);
    }

    void words(std::string_view text, float weight) {
        each_word(text, [&](const Word& word) {
            if (!word.stem.empty()) keep(word.stem, word.text, weight);
        });
    }

private:
    void keep(std::string_view stems, std::string_view shown, float weight) {
        auto& kept = weights_[vocabulary_.add(stems, shown)];
        kept = std::max(kept, weight);
    }

    Vocabulary& vocabulary_;
    Weights& weights_;
};

void collect(const Concept& entry, float weight, Collector into) {
    for (const auto& [language, label] : entry.label) into.name(label, weight * of_synonym);
    for (const auto& [language, synonyms] : entry.synonyms) {
        for (const auto& synonym : synonyms) into.name(synonym, weight * of_synonym);
    }
    into.words(entry.definition, weight * of_definition);
}

}  // namespace

Seeds::Seeds(const Ontology& ontology, Vocabulary& vocabulary) {
    std::unordered_map<std::string_view, std::size_t> index;
    std::vector<const Concept*> entries;
    for (const auto& entry : ontology.concepts) {
        if (!entry.classifiable) continue;
        index.emplace(entry.id, entries.size());
        entries.push_back(&entry);
        classes.push_back(entry.id);
    }
    above.resize(entries.size());
    std::vector<Weights> weights(entries.size());
    std::unordered_map<std::uint32_t, float> total;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        for (const auto* from : lineage(ontology, *entries[i])) {
            collect(*from, from == entries[i] ? 1 : of_above, {vocabulary, weights[i]});
            if (const auto found = index.find(from->id); from != entries[i] && found != index.end()) above[i].push_back(found->second);
        }
        for (const auto& [term, weight] : weights[i]) total[term] += weight;
    }
    for (const auto& of : weights) {
        auto& seeds = of_class.emplace_back();
        for (const auto& [term, weight] : of) seeds.push_back({term, weight * weight / total[term]});
        std::ranges::sort(seeds, {}, &Seed::term);
    }
}

}  // namespace millrace::ontology::detail
