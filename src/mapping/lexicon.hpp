#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace millrace::mapping {

/// What a name may mean: English concept words, e.g. {"due", "date"}, and how likely it means them.
struct Meaning {
    std::vector<std::string> concepts;
    double weight = 1;
};

/// The built-in words of business, in Dutch, German, French, Spanish, English and Chinese, field names of ERP systems,
/// and general medical words; from lexicon/*.tsv, compiled in. Immutable, safe from any thread.
class Lexicon {
public:
    /// The one lexicon; read on first use (a few milliseconds).
    static const Lexicon& built_in();

    /// The meanings of a name given as folded words, likeliest first, at most eight; one at least. Words that are not
    /// known stand for themselves.
    std::vector<Meaning> meanings(const std::vector<std::string>& words) const;

    /// Is this a concept, or a word of the lexicon?
    bool knows(std::string_view word) const;
    /// How near two concept words are, 0 to 1.
    double relation(const std::string& a, const std::string& b) const;
    /// How much a concept says: words such as "number" or "name" little, "invoice" much. 0.3 to 1.
    double weight(const std::string& concept_word) const;
    /// The concepts of fields whose values are of this kind (see detectors.hpp).
    const std::vector<std::vector<std::string>>& concepts_of_kind(std::string_view kind) const;

private:
    Lexicon();
    void add(const std::vector<std::string>& concepts, std::string_view variants);
    void add_variant(const std::vector<std::string>& concepts, std::string variant);
    const std::vector<std::vector<std::string>>* find(std::string_view squashed) const;
    void extend(std::vector<Meaning>& meanings, const std::vector<std::vector<std::string>>& senses) const;
    std::vector<std::string> parts_of(std::string_view word, int depth) const;
    const std::vector<std::vector<std::string>>* find_mistyped(std::string_view word) const;

    std::unordered_map<std::string, std::vector<std::vector<std::string>>> senses_;  ///< by squashed variant
    std::unordered_map<std::string, double> relations_;                              ///< by "a b"
    std::unordered_map<std::string, std::vector<std::vector<std::string>>> kinds_;
    std::unordered_map<std::string, std::vector<std::string>> by_start_;  ///< long variants, by first two letters
    std::size_t longest_ = 0;
};

}  // namespace millrace::mapping
