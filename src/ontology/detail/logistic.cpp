#include "ontology/detail/logistic.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace millrace::ontology::detail {
namespace {

constexpr int epochs = 12;
constexpr float rate = 0.5F;
constexpr float stretched = 4;  ///< points have length 1; longer ones learn in fewer epochs
constexpr float decay = 3e-4F;

/// An order in which classes alternate at random, the same each time.
std::vector<std::uint32_t> shuffled(std::size_t size) {
    std::vector<std::uint32_t> order(size);
    std::iota(order.begin(), order.end(), 0U);
    std::uint64_t state = 0x9E3779B97F4A7C15;
    for (std::size_t left = size; left > 1; --left) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        std::swap(order[left - 1], order[(state >> 33) % left]);
    }
    return order;
}

}  // namespace

/// Steps that shrink per weight with what it has learned (Adagrad: Duchi et al., 2011).
Logistic::Logistic(const Space& space, std::span<const Lesson> lessons)
    : classes_{space.classes()}, weights_(space.terms() * space.classes()), bias_(space.classes()) {
    std::vector<float> learned(weights_.size(), 0.1F), probabilities(classes_);
    float bias_learned = 1;
    const auto order = shuffled(lessons.size());
    for (int epoch = 0; epoch < epochs; ++epoch) {
        for (const auto i : order) {
            const auto& lesson = lessons[i];
            if (!lesson.label) continue;
            score(*lesson.point, probabilities);
            soften(probabilities, 1);
            probabilities[*lesson.label] -= 1;
            bias_learned += 0.1F;
            for (std::size_t of = 0; of < classes_; ++of) bias_[of] -= rate / bias_learned * probabilities[of];
            for (const auto& [number, value] : lesson.point->terms) {
                const auto at = number * classes_;
                for (std::size_t of = 0; of < classes_; ++of) {
                    const float slope = probabilities[of] * value * stretched + decay * weights_[at + of];
                    learned[at + of] += slope * slope;
                    weights_[at + of] -= rate * slope / std::sqrt(learned[at + of]);
                }
            }
        }
    }
}

void Logistic::score(const Point& point, std::span<float> into) const {
    std::ranges::copy(bias_, into.begin());
    for (const auto& [number, value] : point.terms) {
        const float* row = weights_.data() + number * classes_;
        for (std::size_t of = 0; of < classes_; ++of) into[of] += value * stretched * row[of];
    }
}

}  // namespace millrace::ontology::detail
