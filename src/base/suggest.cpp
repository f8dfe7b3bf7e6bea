#include "base/suggest.hpp"

#include <algorithm>
#include <vector>

namespace millrace {
namespace {

/// Optimal string alignment distance (Damerau-Levenshtein without repeated edits of one place).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(now);
    }
    return last[b.size()];
}

}  // namespace

std::optional<std::string> closest(std::string_view word, std::span<const std::string> known) {
    if (word.size() > 100) return std::nullopt;
    const std::string* best = nullptr;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto& candidate : known) {
        if (candidate.size() > word.size() + best_distance || word.size() > candidate.size() + best_distance) continue;
        const auto d = distance(word, candidate);
        if (d < best_distance) {
            best = &candidate;
            best_distance = d;
        }
    }
    if (!best) return std::nullopt;
    return *best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
    const auto near = closest(word, known);
    return near ? "; did you mean \"" + *near + "\"?" : "";
}

}  // namespace millrace
