#include "datasets/sketch.hpp"

#include <algorithm>
#include <cmath>

namespace millrace::datasets {
namespace {

constexpr double compression = 100;
constexpr std::size_t waiting_max = 1024, patterns_max = 200, pattern_bytes_max = 40;

char class_of(unsigned char c) {
    if (c >= '0' && c <= '9') return '9';
    if (c >= 'A' && c <= 'Z') return 'A';
    if ((c >= 'a' && c <= 'z') || c >= 0x80) return 'a';
    return static_cast<char>(c);
}

}  // namespace

void DistinctCounter::merge(const DistinctCounter& other) {
    for (std::size_t i = 0; i < registers_.size(); ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

std::uint64_t DistinctCounter::estimate() const {
    constexpr double m = 4096;
    double sum = 0;
    int zeros = 0;
    for (const auto rank : registers_) {
        sum += std::ldexp(1.0, -rank);
        zeros += rank == 0 ? 1 : 0;
    }
    const double raw = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    const double estimate = raw <= 2.5 * m && zeros > 0 ? m * std::log(m / zeros) : raw;
    return static_cast<std::uint64_t>(std::llround(estimate));
}

void Quantiles::add(double value, double weight) {
    waiting_.push_back({value, weight});
    if (waiting_.size() >= waiting_max) settle();
}

void Quantiles::merge(const Quantiles& other) {
    waiting_.insert(waiting_.end(), other.centroids_.begin(), other.centroids_.end());
    waiting_.insert(waiting_.end(), other.waiting_.begin(), other.waiting_.end());
    settle();
}

/// Neighbours become one as long as it holds no more than 4 q (1 - q) / compression of the weight: little at the ends.
void Quantiles::settle() const {
    waiting_.insert(waiting_.end(), centroids_.begin(), centroids_.end());
    centroids_.clear();
    std::ranges::sort(waiting_, {}, &Centroid::mean);
    double total = 0, before = 0;
    for (const auto& c : waiting_) total += c.weight;
    for (const auto& c : waiting_) {
        if (!centroids_.empty()) {
            auto& last = centroids_.back();
            const double weight = last.weight + c.weight, q = (before + weight / 2) / total;
            if (weight <= total * 4 * q * (1 - q) / compression) {
                last.mean += (c.mean - last.mean) * c.weight / weight;
                last.weight = weight;
                continue;
            }
            before += last.weight;
        }
        centroids_.push_back(c);
    }
    waiting_.clear();
}

double Quantiles::at(double q) const {
    if (!waiting_.empty()) settle();
    if (centroids_.empty()) return 0;
    double total = 0;
    for (const auto& c : centroids_) total += c.weight;
    const double wanted = q * total;
    double before = 0;  // weight up to the middle of the centroid before
    for (std::size_t i = 0; i < centroids_.size(); ++i) {
        const auto& c = centroids_[i];
        const double middle = i == 0 ? c.weight / 2 : before + centroids_[i - 1].weight / 2 + c.weight / 2;
        if (wanted <= middle) {
            if (i == 0) return c.mean;
            const auto& last = centroids_[i - 1];
            return last.mean + (c.mean - last.mean) * (wanted - before) / (middle - before);
        }
        before = middle;
    }
    return centroids_.back().mean;
}

void pattern_of(std::string_view text, std::string& out) {
    out.clear();
    std::size_t run = 0;
    char last = 0;
    for (const char byte : text) {
        if ((static_cast<unsigned char>(byte) & 0xc0) == 0x80) continue;  // the rest of a character
        const char c = class_of(static_cast<unsigned char>(byte));
        run = c == last ? run + 1 : 1;
        last = c;
        if (run == 5) {
            out.resize(out.size() - 3);
            out += '+';
        } else if (run < 5) {
            out += c;
        }
        if (out.size() >= pattern_bytes_max) {
            out += "…";
            return;
        }
    }
}

void Patterns::add(std::string_view text) {
    pattern_of(text, scratch_);
    count(scratch_, 1);
}

void Patterns::merge(const Patterns& other) {
    for (const auto& [pattern, times] : other.counts_) count(pattern, times);
}

void Patterns::count(const std::string& pattern, std::uint64_t times) {
    if (const auto known = counts_.find(pattern); known != counts_.end()) known->second += times;
    else if (counts_.size() < patterns_max) counts_.emplace(pattern, times);
}

std::vector<std::pair<std::string, std::uint64_t>> Patterns::most_frequent(std::size_t count) const {
    std::vector<std::pair<std::string, std::uint64_t>> all{counts_.begin(), counts_.end()};
    std::ranges::sort(all, [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
    if (all.size() > count) all.resize(count);
    return all;
}

}  // namespace millrace::datasets
