#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "mapping/field.hpp"
#include "mapping/matchers/matcher.hpp"

namespace millrace::mapping {

/// A source field that the matchers are not sure of, and what it may be, the likeliest first.
struct Doubt {
    struct Candidate {
        std::size_t target = 0;
        double confidence = 0;
    };
    std::size_t source = 0;
    std::vector<Candidate> candidates;
};

/// What somebody thinks of a doubt: one of its candidates, or that none of them is right.
struct Verdict {
    std::size_t source = 0;
    std::optional<std::size_t> target;
    double confidence = 0;  ///< 0 to 1
    std::string reason;
};

/// Who is asked about what is uncertain, e.g. a language model. Its verdicts weigh as much as the matchers, and no more.
struct Reviewer {
    virtual ~Reviewer() = default;
    /// All verdicts or none; none leaves everything as it is.
    virtual std::vector<Verdict> review(const Table& source, const Table& target, const std::vector<Doubt>& doubts) = 0;
};

inline constexpr std::size_t doubts_max = 50, doubt_candidates_max = 10;

/// The fields that a review is worth: below 0.9, or with a rival closer than 0.15. `given` is the target of each source or
/// -1; those `settled` keep theirs, and nobody else is offered it. Of more than `doubts_max` the likeliest.
std::vector<Doubt> doubts_of(const Matrix& confidence, const std::vector<int>& given, const std::vector<char>& settled);

/// Mixes the verdicts into the confidence, and gives the doubtful fields their targets anew, one to one.
void reconsider(const std::vector<Doubt>& doubts, const std::vector<Verdict>& verdicts, Matrix& confidence, std::vector<int>& given);

}  // namespace millrace::mapping
