#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ontology/ontology.hpp"

/// What a document is about, by the words of an ontology and of documents that people decided. No network, no randomness:
/// the same ontology, examples and documents give the same answers.
namespace millrace::ontology {

namespace detail {
class Model;
class Trainer;
}  // namespace detail

struct Candidate {
    std::string concept_id;
    double confidence = 0;
};

struct Classification {
    std::optional<std::string> concept_id;  ///< nothing: none of these
    double confidence = 0;                  ///< that concept_id is right, calibrated where there are examples
    std::vector<Candidate> candidates;      ///< likeliest first, at most five
    std::vector<std::string> terms;         ///< words that spoke for the likeliest, strongest first
};

/// What training found out about itself.
struct Training {
    std::size_t examples = 0;
    std::size_t documents = 0;           ///< learned from without a label
    std::optional<double> accuracy;      ///< on examples kept apart; from 20 examples
};

/// A trained classifier. Immutable, safe from any thread.
class Classifier {
public:
    explicit Classifier(std::shared_ptr<const detail::Model> model);

    /// At most the first 256 KiB of the text count.
    Classification classify(std::string_view text) const;
    const Training& training() const;

private:
    std::shared_ptr<const detail::Model> model_;
};

/// Collects what a classifier learns from. Labels and synonyms are enough; each example, and each document without a
/// label, makes it better. Memory: at most `documents_max` documents and 128 MiB are kept, what comes later is not
/// learned from.
class Learner {
public:
    static constexpr std::size_t documents_max = 20'000;

    /// Of a checked ontology.
    explicit Learner(const Ontology& ontology);
    ~Learner();
    Learner(Learner&&) noexcept;

    /// A document that is known to be about a concept, named by id or label. False: there is no such concept, or it is
    /// not classifiable.
    bool example(std::string_view text, std::string_view concept_name);
    /// A document of the kind that will be classified.
    void observe(std::string_view text);
    /// Nothing more is learned.
    bool full() const;

    /// May be called again after more was learned.
    Classifier train() const;

private:
    std::unique_ptr<detail::Trainer> trainer_;
};

}  // namespace millrace::ontology
