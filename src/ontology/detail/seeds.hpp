#pragma once

#include <unordered_map>
#include <vector>

#include "ontology/detail/vocabulary.hpp"
#include "ontology/ontology.hpp"

namespace millrace::ontology::detail {

/// A term that the ontology itself names for a class, and how much it says.
struct Seed {
    std::uint32_t term = 0;
    float weight = 0;
};

/// The classes of an ontology, which are its classifiable concepts, and their seeds: labels and synonyms of every
/// language, single words of phrases (less), definitions (less), and what stands above (less). A term of several classes
/// is shared between them.
struct Seeds {
    std::vector<std::string> classes;                ///< concept ids
    std::vector<std::vector<std::size_t>> above;     ///< per class: the classes above it
    std::vector<std::vector<Seed>> of_class;

    /// Names the terms to the vocabulary.
    Seeds(const Ontology& ontology, Vocabulary& vocabulary);
};

}  // namespace millrace::ontology::detail
