#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/// Summaries of values in bounded memory; each can be merged with another of its kind.
namespace millrace::datasets {

/// Number of different hashes, estimated: HyperLogLog with 2^12 registers and linear counting for small numbers.
class DistinctCounter {
public:
    void add(std::uint64_t hash) {
        const auto index = hash >> 52;
        const auto rank = static_cast<std::uint8_t>(__builtin_clzll((hash << 12) | (1ull << 11)) + 1);
        if (rank > registers_[index]) registers_[index] = rank;
    }
    void merge(const DistinctCounter& other);
    std::uint64_t estimate() const;

private:
    std::array<std::uint8_t, 4096> registers_{};
};

/// Quantiles of weighted numbers: a merging t-digest (Dunning 2021) of at most some 200 centroids, finest at both ends.
class Quantiles {
public:
    void add(double value, double weight);
    void merge(const Quantiles& other);
    bool empty() const { return centroids_.empty() && waiting_.empty(); }
    /// The value below which a share `q` in [0, 1] of the weight lies.
    double at(double q) const;

    template <class Archive>
    void state(Archive& archive) { archive(centroids_, waiting_); }

private:
    struct Centroid {
        double mean, weight;
    };
    void settle() const;
    mutable std::vector<Centroid> centroids_, waiting_;
};

/// Shapes of texts and how often each occurs; beyond 200 different ones new ones are only counted together.
class Patterns {
public:
    void add(std::string_view text);
    void merge(const Patterns& other);
    std::vector<std::pair<std::string, std::uint64_t>> most_frequent(std::size_t count) const;

    template <class Archive>
    void state(Archive& archive) { archive(counts_); }

private:
    void count(const std::string& pattern, std::uint64_t times);
    std::unordered_map<std::string, std::uint64_t> counts_;
    std::string scratch_;
};

/// The shape of a text: 9 for a digit, A for a capital, a for any other letter (all beyond ASCII too), other characters as they
/// stand; a run of more than four is one with "+". E.g. "1017 AB" -> "9999 AA", "Amsterdam" -> "Aa+". Cut at 40 bytes.
void pattern_of(std::string_view text, std::string& out);

}  // namespace millrace::datasets
