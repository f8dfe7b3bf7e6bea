#pragma once

#include "ontology/detail/seeds.hpp"

namespace millrace::ontology::detail {

struct ClassScore {
    std::uint32_t of = 0;  ///< index of the class
    float value = 0;
};

/// A document as the models see it.
struct Point {
    Bag terms;                         ///< weighted by how rare they are, of length 1
    std::vector<ClassScore> keywords;  ///< how much the seeds of a class say; classes without are left out
};

/// How rare each term is among the documents that were seen.
class Space {
public:
    Space(const Vocabulary& vocabulary, const Seeds& seeds, const std::vector<Bag>& documents);

    Point place(const Bag& counts) const;

    std::size_t classes() const { return classes_; }
    /// Terms with a number below `terms()` have weights; the others are too rare to learn from.
    std::size_t terms() const { return terms_; }
    /// The weight of a seed in this space; 0 when no document has it.
    float rarity(std::uint32_t term) const { return rarity_[term]; }
    /// The number of a term among those with weights.
    static constexpr std::uint32_t none = 0xFFFFFFFF;
    std::uint32_t number(std::uint32_t term) const { return number_[term]; }
    std::uint32_t term(std::uint32_t number) const { return term_of_[number]; }
    const std::vector<std::vector<Seed>>& seeds() const { return seeds_; }  ///< by number, weight times rarity

private:
    std::size_t classes_ = 0, terms_ = 0;
    std::vector<float> rarity_;
    std::vector<std::uint32_t> number_, term_of_;
    std::vector<std::vector<ClassScore>> seeds_of_term_;  ///< by number
    std::vector<std::vector<Seed>> seeds_;
};

}  // namespace millrace::ontology::detail
