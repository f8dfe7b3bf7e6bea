#include "ontology/detail/bayes.hpp"

#include <algorithm>
#include <cmath>

namespace millrace::ontology::detail {
namespace {

constexpr int rounds = 8;
constexpr float first_scale = 1.5F;    ///< of what the seeds alone say
constexpr float of_keywords = 0.5F;    ///< how much seeds go on to say beside the words learned
constexpr float of_unlabelled = 0.5F;  ///< a document without a label, in parts of one
constexpr float few = 20;              ///< so many documents without a label count half of that: a handful shows no pattern
constexpr float of_labelled = 2;
constexpr float of_seeds = 0.2F;       ///< all seeds of a class, in parts of an average class
constexpr float smoothing = 0.8F;      ///< words of all classes mixed in, in parts of an average class
constexpr float rare = 0.05F;
constexpr float seen_enough = 0.05F;   ///< a term seen less says little: its absence elsewhere is no finding
constexpr float class_before = 5;      ///< documents each class is thought to have before any was seen
constexpr float belief_min = 1e-3F;

void keep(std::span<const float> probabilities, std::vector<ClassScore>& belief) {
    belief.clear();
    for (std::uint32_t of = 0; of < probabilities.size(); ++of) {
        if (probabilities[of] >= belief_min) belief.push_back({of, probabilities[of]});
    }
}

/// What the seeds say; nothing about a document without one.
void believe_seeds(const Point& point, std::span<float> scratch, std::vector<ClassScore>& belief) {
    belief.clear();
    if (point.keywords.empty()) return;
    std::ranges::fill(scratch, 0.0F);
    for (const auto& [of, value] : point.keywords) scratch[of] = value;
    soften(scratch, first_scale);
    keep(scratch, belief);
}

}  // namespace

void soften(std::span<float> scores, float scale) {
    if (scores.empty()) return;  // an ontology without classes
    const float top = *std::ranges::max_element(scores);
    float sum = 0;
    for (float& score : scores) sum += score = std::exp((score - top) * scale);
    for (float& score : scores) score /= sum;
}

Bayes::Bayes(const Space& space, std::span<const Lesson> lessons) : classes_{space.classes()}, common_(space.classes()) {
    std::vector<std::vector<ClassScore>> beliefs(lessons.size());
    std::vector<float> scratch(classes_);
    for (std::size_t i = 0; i < lessons.size(); ++i) {
        if (lessons[i].label) beliefs[i] = {{*lessons[i].label, 1.0F}};
        else believe_seeds(*lessons[i].point, scratch, beliefs[i]);
    }
    for (int round = 0; round < rounds; ++round) {
        learn(space, lessons, beliefs);
        if (round + 1 == rounds) break;
        for (std::size_t i = 0; i < lessons.size(); ++i) {
            if (lessons[i].label) continue;
            score(*lessons[i].point, scratch);
            soften(scratch, scale);
            keep(scratch, beliefs[i]);
        }
    }
}

void Bayes::learn(const Space& space, std::span<const Lesson> lessons, std::span<const std::vector<ClassScore>> beliefs) {
    weights_.assign(space.terms() * classes_, 0);
    std::vector<float> documents(classes_, class_before);
    const auto unlabelled = static_cast<float>(std::ranges::count_if(lessons, [](const auto& lesson) { return !lesson.label; }));
    const float of_one = of_unlabelled * unlabelled / (unlabelled + few);
    for (std::size_t i = 0; i < lessons.size(); ++i) {
        const float counts = lessons[i].label ? of_labelled : of_one;
        for (const auto& [of, share] : beliefs[i]) {
            documents[of] += counts * share;
            for (const auto& [number, value] : lessons[i].point->terms) weights_[number * classes_ + of] += counts * share * value;
        }
    }
    float all = 1;
    for (const float mass : weights_) all += mass;
    for (std::uint32_t of = 0; of < classes_; ++of) {
        float total = 0;
        for (const auto& seed : space.seeds()[of]) total += seed.weight;
        for (const auto& seed : space.seeds()[of]) weights_[seed.term * classes_ + of] += of_seeds * all / static_cast<float>(classes_) * seed.weight / total;
    }

    std::vector<float> mass(classes_);
    for (std::size_t at = 0; at < weights_.size(); ++at) mass[at % classes_] += weights_[at];
    all = 0;
    for (const float of : mass) all += of;
    const float mixed = smoothing * all / static_cast<float>(classes_);
    const float spread = all + rare * static_cast<float>(space.terms());
    for (std::size_t number = 0; number < space.terms(); ++number) {
        const auto row = std::span{weights_}.subspan(number * classes_, classes_);
        float sum = 0;
        for (const float of : row) sum += of;
        const float before = mixed * (sum + rare) / spread;
        for (std::size_t of = 0; of < classes_; ++of) {
            const float inside = (row[of] + before) / (mass[of] + mixed);
            const float outside = (std::max(sum - row[of], 0.0F) + before) / (all - mass[of] + mixed);
            row[of] = std::log(inside / outside) * sum / (sum + seen_enough);
        }
    }

    float sum = 0;
    for (const float count : documents) sum += count;
    for (std::size_t of = 0; of < classes_; ++of) common_[of] = std::log(documents[of] / sum) / scale;
}

void Bayes::score_words(const Point& point, std::span<float> into) const {
    std::ranges::fill(into, 0.0F);
    for (const auto& [number, value] : point.terms) {
        const float* row = weights_.data() + number * classes_;
        for (std::size_t of = 0; of < classes_; ++of) into[of] += value * row[of];
    }
    for (const auto& [of, value] : point.keywords) into[of] += of_keywords * value;
}

void Bayes::score(const Point& point, std::span<float> into) const {
    score_words(point, into);
    for (std::size_t of = 0; of < classes_; ++of) into[of] += common_[of];
}

}  // namespace millrace::ontology::detail
