#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace millrace::ontology {

/// A value that a document of a concept has, e.g. the total of an invoice. Concepts below inherit it.
struct Property {
    std::string id;
    std::map<std::string, std::string> label;  ///< by language
    std::string type = "string";               ///< see property_types()
    std::string unit;
    std::string pattern;
    std::vector<std::string> values;  ///< those allowed; empty: any
    bool required = false;
    bool many = false;
};

/// What a document can be about.
struct Concept {
    std::string id;                                         ///< [A-Za-z0-9._-], stable
    std::map<std::string, std::string> label;               ///< by language
    std::map<std::string, std::vector<std::string>> synonyms;  ///< by language
    std::string definition;
    std::vector<std::string> parents;
    std::vector<std::string> examples;  ///< short texts that are about it
    std::vector<Property> properties;
    bool classifiable = true;  ///< false: only there to hold others together
};

/// Concepts below one another, several parents allowed, no cycles.
struct Ontology {
    std::string title;
    std::vector<Concept> concepts;

    const Concept* find(std::string_view id) const;
};

inline constexpr std::size_t concepts_max = 10'000;

/// The types of properties.
const std::vector<std::string>& property_types();

/// Reads `{"concepts": [{"id", "label", "parent" | "parents", "synonyms", "classifiable", ...}]}`; a label and synonyms
/// may be given plain or by language. Throws Error{invalid_fields} with every problem at its pointer.
Ontology read_json(const json::value& document);

/// The same, complete: read_json of it is the ontology again.
json::value to_json(const Ontology& ontology);

/// Every problem: ids twice or malformed, parents that are not there, cycles, properties of unknown types. Throws
/// Error{invalid_fields} when there is one.
void check(const Ontology& ontology);

/// Label in `language`, else in English, else in any, else the id.
std::string_view label_of(const Concept& entry, std::string_view language = "en");

/// A concept and all above it, each once, nearest first. Of a checked ontology.
std::vector<const Concept*> lineage(const Ontology& ontology, const Concept& entry);

/// The properties of a concept with those that it inherits; its own go before those of the same id above.
std::vector<Property> properties_of(const Ontology& ontology, const Concept& entry);

}  // namespace millrace::ontology
