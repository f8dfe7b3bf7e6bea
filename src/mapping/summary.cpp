#include "mapping/summary.hpp"

#include <algorithm>
#include <unordered_set>

#include "mapping/detail/hash.hpp"

namespace millrace::mapping {
namespace {

constexpr std::size_t text_bytes_max = 200;

/// Cut between two characters of UTF-8.
std::string_view cut(std::string_view text) {
    if (text.size() <= text_bytes_max) return text;
    auto end = text_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
}

}  // namespace

Summary summary_of(const datasets::ColumnProfile& profile) {
    Summary summary{.count = profile.count, .nulls = profile.nulls, .distinct = static_cast<double>(profile.distinct)};
    std::unordered_set<std::string> seen;
    const auto add = [&](const std::string& value, std::uint64_t count) {
        if (!value.empty() && seen.insert(value).second) summary.values.push_back({value, count});
    };
    for (const auto& top : profile.top) add(top.value, top.count);
    for (const auto& sample : profile.samples) add(sample, 1);
    if (profile.min) add(*profile.min, 1);
    if (profile.max) add(*profile.max, 1);
    summary.complete = summary.values.size() >= profile.distinct;
    return summary;
}

void Summarizer::add(std::string_view text) {
    if (text.empty()) {
        ++nulls_;
        return;
    }
    ++count_;
    const auto hash = detail::hash(text);
    if (hash > limit_) return;
    const auto [at, is_new] = kept_.try_emplace(hash);
    ++at->second.count;
    if (!is_new) return;
    at->second.text = cut(text);
    order_.push_back(hash);
    if (kept_.size() > 2 * values_max_) shrink();
}

/// Keeps the values with the smallest hashes.
void Summarizer::shrink() {
    auto hashes = order_;
    const auto middle = hashes.begin() + static_cast<std::ptrdiff_t>(values_max_);
    std::ranges::nth_element(hashes, middle);
    limit_ = *middle - 1;
    std::erase_if(order_, [&](std::uint64_t hash) { return hash > limit_; });
    std::erase_if(kept_, [&](const auto& kept) { return kept.first > limit_; });
}

Summary Summarizer::finish() const {
    Summary summary{.count = count_, .nulls = nulls_, .complete = limit_ == ~0ull};
    // The share of all hashes below the limit is the share of all values that was kept.
    const double share = static_cast<double>(limit_) / 18446744073709551615.0;
    summary.distinct = static_cast<double>(kept_.size()) / std::max(share, 1e-12);
    for (const auto hash : order_) {
        const auto& kept = kept_.at(hash);
        summary.values.push_back({kept.text, kept.count});
    }
    return summary;
}

}  // namespace millrace::mapping
