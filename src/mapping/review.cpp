#include "mapping/review.hpp"

#include <algorithm>
#include <set>

#include "mapping/assignment.hpp"

namespace millrace::mapping {
namespace {

constexpr float certain_at = 0.9F, margin_min = 0.15F;
constexpr float candidate_min = 0.02F;
constexpr double weight = 0.5;  ///< of a verdict

/// Far enough before all others of its row?
bool is_certain(const Matrix& confidence, std::size_t source, int target) {
    if (target < 0) return false;
    const auto own = confidence.at(source, static_cast<std::size_t>(target));
    if (own < certain_at) return false;
    for (std::size_t t = 0; t < confidence.columns(); ++t) {
        if (static_cast<int>(t) != target && own - confidence.at(source, t) < margin_min) return false;
    }
    return true;
}

Doubt doubt_of(const Matrix& confidence, std::size_t source, int given, const std::set<int>& held) {
    Doubt doubt;
    doubt.source = source;
    for (std::size_t t = 0; t < confidence.columns(); ++t) {
        const auto target = static_cast<int>(t);
        const auto value = confidence.at(source, t);
        if (target == given || (value >= candidate_min && !held.contains(target))) doubt.candidates.push_back({t, static_cast<double>(value)});
    }
    std::ranges::stable_sort(doubt.candidates, std::greater{}, &Doubt::Candidate::confidence);
    if (doubt.candidates.size() <= doubt_candidates_max) return doubt;
    // What the matchers have given stays among them.
    const auto own = std::ranges::find(doubt.candidates, static_cast<std::size_t>(given), &Doubt::Candidate::target);
    if (given >= 0 && own - doubt.candidates.begin() >= static_cast<std::ptrdiff_t>(doubt_candidates_max)) doubt.candidates[doubt_candidates_max - 1] = *own;
    doubt.candidates.resize(doubt_candidates_max);
    return doubt;
}

double mixed(const Verdict& verdict, const Doubt::Candidate& candidate) {
    if (verdict.target == candidate.target) return (1 - weight) * candidate.confidence + weight * verdict.confidence;
    return candidate.confidence * (1 - weight * verdict.confidence);
}

}  // namespace

std::vector<Doubt> doubts_of(const Matrix& confidence, const std::vector<int>& given, const std::vector<char>& settled) {
    std::vector<char> certain = settled;
    std::set<int> held;
    for (std::size_t s = 0; s < given.size(); ++s) {
        certain[s] = settled[s] || is_certain(confidence, s, given[s]);
        if (certain[s]) held.insert(given[s]);
    }
    std::vector<Doubt> doubts;
    for (std::size_t s = 0; s < given.size(); ++s) {
        if (certain[s]) continue;
        auto doubt = doubt_of(confidence, s, given[s], held);
        if (!doubt.candidates.empty()) doubts.push_back(std::move(doubt));
    }
    if (doubts.size() > doubts_max) {
        std::ranges::stable_sort(doubts, std::greater{}, [](const Doubt& doubt) { return doubt.candidates.front().confidence; });
        doubts.resize(doubts_max);
        std::ranges::sort(doubts, {}, &Doubt::source);
    }
    return doubts;
}

void reconsider(const std::vector<Doubt>& doubts, const std::vector<Verdict>& verdicts, Matrix& confidence, std::vector<int>& given) {
    std::set<std::size_t> open;
    for (const auto& doubt : doubts) open.insert(doubt.source);
    std::set<int> held;
    for (std::size_t s = 0; s < given.size(); ++s) {
        if (!open.contains(s)) held.insert(given[s]);
    }
    Matrix values{doubts.size(), confidence.columns()};
    for (std::size_t i = 0; i < doubts.size(); ++i) {
        const auto& doubt = doubts[i];
        const auto verdict = std::ranges::find(verdicts, doubt.source, &Verdict::source);
        for (const auto& candidate : doubt.candidates) {
            auto& value = confidence.at(doubt.source, candidate.target);
            if (verdict != verdicts.end()) value = static_cast<float>(mixed(*verdict, candidate));
            if (!held.contains(static_cast<int>(candidate.target))) values.at(i, candidate.target) = value;
        }
    }
    const auto assigned = assign(values);
    for (std::size_t i = 0; i < doubts.size(); ++i) given[doubts[i].source] = assigned[i];
}

}  // namespace millrace::mapping
