#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "datasets/profile.hpp"

namespace millrace::mapping {

/// What a matcher sees of the values of a column: counts and a sample of different values. The sample of a long column
/// holds the values with the smallest hashes, so that two columns that share values also share them in their samples.
struct Summary {
    std::uint64_t count = 0;  ///< values that are not null
    std::uint64_t nulls = 0;
    double distinct = 0;      ///< estimated when the sample is not complete
    bool complete = true;     ///< the sample holds every different value
    std::vector<datasets::ValueCount> values;
};

/// The summary that a stored profile gives: its most frequent values, samples and bounds.
Summary summary_of(const datasets::ColumnProfile& profile);

/// Makes a Summary in one pass; at most `values_max` values of at most 200 bytes are kept.
class Summarizer {
public:
    explicit Summarizer(std::size_t values_max = 1000) : values_max_{values_max} {}

    /// An empty text is a null.
    void add(std::string_view text);
    Summary finish() const;

private:
    struct Kept {
        std::string text;
        std::uint64_t count = 0;
    };
    void shrink();

    std::size_t values_max_;
    std::uint64_t count_ = 0, nulls_ = 0;
    std::uint64_t limit_ = ~0ull;  ///< values with larger hashes are not kept
    std::unordered_map<std::uint64_t, Kept> kept_;  ///< by hash
    std::vector<std::uint64_t> order_;              ///< hashes in order of the file
};

}  // namespace millrace::mapping
