#pragma once

#include <optional>
#include <span>

#include "ontology/detail/space.hpp"

namespace millrace::ontology::detail {

/// A document to learn from; `label` is the class that a person gave it.
struct Lesson {
    const Point* point = nullptr;
    std::optional<std::uint32_t> label;
};

/// Complement naive Bayes that starts from the seeds and learns from labelled and unlabelled documents alike by
/// expectation maximisation: what it takes an unlabelled document for decides how that one counts in the next round.
/// Sources: Rennie et al., "Tackling the Poor Assumptions of Naive Bayes" (2003); Nigam et al., "Text Classification from
/// Labeled and Unlabeled Documents using EM" (2000). Constants were chosen on four corpora, see docs/classification.md.
class Bayes {
public:
    Bayes(const Space& space, std::span<const Lesson> lessons);

    /// A score per class; more is likelier. exp(scale * score) is in proportion to a (much too certain) probability.
    void score(const Point& point, std::span<float> into) const;
    static constexpr float scale = 0.7F;

    /// The same without how common each class is: above 0 when the words speak for the class more than against it.
    void score_words(const Point& point, std::span<float> into) const;
    float weight(std::uint32_t number, std::uint32_t of) const { return weights_[number * classes_ + of]; }

private:
    struct Belief;
    void learn(const Space& space, std::span<const Lesson> lessons, std::span<const std::vector<ClassScore>> beliefs);

    std::size_t classes_;
    std::vector<float> weights_;  ///< by term, then class
    std::vector<float> common_;   ///< by class
};

/// Scores as probabilities.
void soften(std::span<float> scores, float scale);

}  // namespace millrace::ontology::detail
