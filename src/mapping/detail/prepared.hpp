#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mapping/detectors.hpp"
#include "mapping/field.hpp"
#include "mapping/lexicon.hpp"

/// Source and target, as the matchers look at them: everything that belongs to one field is made once.
namespace millrace::mapping::detail {

/// Terms and their weights, by term; of length 1 when it is not empty.
using Vector = std::vector<std::pair<std::uint32_t, float>>;
double cosine(const Vector& a, const Vector& b);

/// A bag of interned words.
struct Bag {
    std::vector<std::uint32_t> words;
    std::vector<float> weights;
    float weight = 1;  ///< of the whole: how likely the meaning is
};

/// One way to read the name of a field: as it stands, without the words that all names begin with, or its title.
struct Variant {
    std::vector<std::string> words;
    std::string squashed;
    std::vector<std::uint16_t> pairs;  ///< of `squashed`, see pairs_of
    std::uint64_t letters = 0;         ///< of `squashed`
    Bag bag;
};

enum class Sort : std::uint8_t { unknown, text, number, date };

struct PreparedField {
    const Field* field = nullptr;
    std::vector<Variant> variants;
    std::vector<Bag> meanings;                     ///< words are concepts
    std::vector<std::vector<std::string>> concepts;  ///< the same as text, for reasons
    bool opaque = false;
    Sort sort = Sort::unknown;                     ///< of the values, or as declared
    const Summary* values = nullptr;               ///< rows, or the declared enumeration
    bool enumerated = false;                       ///< values are the declared enumeration
    Summary declared;
    Vector text;                                   ///< tf-idf of all words
    std::vector<std::pair<std::uint64_t, float>> value_set;  ///< canonical values by hash, and their weights
    Vector grams;                                  ///< tf-idf of pieces of three letters of the values
    std::vector<double> quantiles;                 ///< of numbers: 33 of them
    Vector masks;                                  ///< shares of the forms of values; sums to 1, not of length 1
    std::vector<float> lengths;                    ///< shares of the lengths of values
    double distinct_share = 0;                     ///< different values per value
    Kinds kinds{};
    Kinds expected{};                              ///< kinds that the name, the format and the title make likely
};

struct Prepared {
    std::vector<PreparedField> source, target;
    std::vector<std::vector<float>> word_likeness;     ///< of words, source by target
    std::vector<std::vector<float>> concept_likeness;
    bool source_rows = false, target_rows = false;
    bool lists = false;  ///< one side lists the values of each column once, without rows
};

Prepared prepare(const Table& source, const Table& target);

/// A value in lists, as others write it: "Betaald" and "PAID" are "paid".
std::string canonical_value(std::string_view text);

}  // namespace millrace::mapping::detail
