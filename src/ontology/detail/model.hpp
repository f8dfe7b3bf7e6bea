#pragma once

#include "ontology/classifier.hpp"
#include "ontology/detail/logistic.hpp"

namespace millrace::ontology::detail {

/// How much each model says in the end, so that what comes out is a probability.
struct Blend {
    float bayes = 0.35F;
    float logistic = 0;
};

/// Both models and what makes one answer of them.
class Model {
public:
    Vocabulary vocabulary;
    Seeds seeds;
    Space space;
    Bayes bayes;
    std::optional<Logistic> logistic;
    Blend blend;
    Training training;

    Classification classify(std::string_view text) const;

private:
    std::vector<std::string> explain(const Point& point, std::uint32_t of) const;
};

}  // namespace millrace::ontology::detail
