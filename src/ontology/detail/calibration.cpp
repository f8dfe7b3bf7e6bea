#include "ontology/detail/calibration.hpp"

#include <algorithm>
#include <cmath>

namespace millrace::ontology::detail {
namespace {

constexpr double certain_max = 0.97;
constexpr double before = 2;  ///< trials that the default is worth

struct Mixed {
    std::vector<float> scores;

    void of(const Trial& trial, const Blend& blend) {
        scores.resize(trial.bayes.size());
        for (std::size_t of = 0; of < scores.size(); ++of) {
            scores[of] = blend.bayes * trial.bayes[of] + (trial.logistic.empty() ? 0 : blend.logistic * trial.logistic[of]);
        }
        soften(scores, 1);
    }
};

/// Minus the logarithm of how likely the labels are, with a little belief in the default.
double loss(std::span<const Trial> trials, const Blend& blend, Mixed& mixed) {
    double sum = before * std::pow(std::log(blend.bayes / Blend{}.bayes), 2);
    for (const auto& trial : trials) {
        mixed.of(trial, blend);
        sum -= std::log(std::max(mixed.scores[trial.label], 1e-9F));
    }
    return sum;
}

}  // namespace

/// The loss is convex and has two arguments: a search on a grid that gets finer finds its lowest point.
Calibrated calibrate(std::span<const Trial> trials, bool with_logistic) {
    Mixed mixed;
    Calibrated best;
    double least = loss(trials, best.blend, mixed);
    float factor = 2, step = 0.5F;
    for (int round = 0; round < 40 && factor > 1.02F; ++round) {
        const auto at = best.blend;
        for (const float bayes : {at.bayes / factor, at.bayes, at.bayes * factor}) {
            for (const float logistic : {at.logistic - step, at.logistic, at.logistic + step}) {
                if (logistic < 0 || (logistic > 0 && !with_logistic) || bayes < 0.001F) continue;
                const Blend blend{bayes, logistic};
                const double found = loss(trials, blend, mixed);
                if (found < least) {
                    least = found;
                    best.blend = blend;
                }
            }
        }
        if (best.blend.bayes == at.bayes && best.blend.logistic == at.logistic) {
            factor = std::sqrt(factor);
            step /= 2;
        }
    }
    std::size_t right = 0;
    for (const auto& trial : trials) {
        mixed.of(trial, best.blend);
        right += static_cast<std::uint32_t>(std::ranges::max_element(mixed.scores) - mixed.scores.begin()) == trial.label;
    }
    best.accuracy = trials.empty() ? 0 : static_cast<double>(right) / static_cast<double>(trials.size());
    return best;
}

Blend guess_blend(const Bayes& bayes, std::span<const Lesson> lessons, std::size_t classes) {
    std::vector<Trial> trials;
    std::size_t agreed = 0;
    for (const auto& lesson : lessons) {
        const auto& keywords = lesson.point->keywords;
        if (keywords.empty() || trials.size() == 2000) continue;
        auto& trial = trials.emplace_back();
        trial.bayes.resize(classes);
        bayes.score(*lesson.point, trial.bayes);
        trial.label = std::ranges::max_element(keywords, {}, &ClassScore::value)->of;
        agreed += static_cast<std::uint32_t>(std::ranges::max_element(trial.bayes) - trial.bayes.begin()) == trial.label;
    }
    if (trials.size() < 20) return {};
    const double wanted = std::min(static_cast<double>(agreed) / static_cast<double>(trials.size()), certain_max);
    Mixed mixed;
    float low = 0.01F, high = 5;
    for (int round = 0; round < 20; ++round) {
        const float middle = std::sqrt(low * high);
        double sum = 0;
        for (const auto& trial : trials) {
            mixed.of(trial, {.bayes = middle});
            sum += *std::ranges::max_element(mixed.scores);
        }
        (sum / static_cast<double>(trials.size()) < wanted ? low : high) = middle;
    }
    return {.bayes = std::sqrt(low * high)};
}

}  // namespace millrace::ontology::detail
