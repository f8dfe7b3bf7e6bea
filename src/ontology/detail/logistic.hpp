#pragma once

#include "ontology/detail/bayes.hpp"

namespace millrace::ontology::detail {

/// Multinomial logistic regression on labelled documents; the better judge where there are many of them.
class Logistic {
public:
    Logistic(const Space& space, std::span<const Lesson> lessons);

    /// A logit per class.
    void score(const Point& point, std::span<float> into) const;
    float weight(std::uint32_t number, std::uint32_t of) const { return weights_[number * classes_ + of]; }

private:
    std::size_t classes_;
    std::vector<float> weights_, bias_;
};

}  // namespace millrace::ontology::detail
