#pragma once

#include "ontology/detail/model.hpp"

namespace millrace::ontology::detail {

/// Scores of documents that neither model had learned from, with their label.
struct Trial {
    std::vector<float> bayes, logistic;
    std::uint32_t label = 0;
};

/// The blend under which the labels of the trials are likeliest, and how often it names the right class.
struct Calibrated {
    Blend blend;
    double accuracy = 0;
};
Calibrated calibrate(std::span<const Trial> trials, bool with_logistic);

/// Without labels: a blend as certain as the seeds and the model agree, over the documents that have seeds.
Blend guess_blend(const Bayes& bayes, std::span<const Lesson> lessons, std::size_t classes);

}  // namespace millrace::ontology::detail
