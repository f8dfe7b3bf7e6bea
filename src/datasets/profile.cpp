#include "datasets/profile.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/utf8.hpp"

namespace millrace::datasets {

using formats::Column;
using formats::parquet::Dictionary;

namespace {

/// Values kept as candidates for the most frequent ones, values shown, samples shown.
constexpr std::size_t candidates_max = 1000, group_candidates_max = 64, top_max = 20, samples_max = 10;
constexpr std::size_t text_bytes_max = 200;

std::string_view cut(std::string_view text) {
    if (text.size() <= text_bytes_max) return text;
    auto size = text_bytes_max;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    return text.substr(0, size);
}

/// A value in a form that outlives its column: the text, or the eight bytes of a number.
std::string value_of(const Column& column, std::size_t row) {
    if (column.type.is_text()) return std::string{cut(column.text(row))};
    std::string out(8, '\0');
    if (column.type.is_float()) std::memcpy(out.data(), &column.floats[row], 8);
    else std::memcpy(out.data(), &column.ints[row], 8);
    return out;
}

std::string shown(const std::string& value, const ColumnInfo& info, const Notation& notation) {
    if (info.data_type().is_text()) return value;
    std::string out;
    if (info.data_type().is_float()) {
        double number = 0;
        std::memcpy(&number, value.data(), 8);
        render_float(number, notation, out);
    } else {
        std::int64_t number = 0;
        std::memcpy(&number, value.data(), 8);
        render(number, info.data_type(), notation, out);
    }
    return out;
}

}  // namespace

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

void ColumnProfiler::add(const Column& column, const Dictionary& dictionary) {
    const bool first = count_ == 0;
    nulls_ += column.nulls;
    if (column.rows == column.nulls) return;
    for (const auto hash : dictionary.hashes()) distinct_.add(hash);
    add_rest(column, dictionary);
    add_top(column, dictionary);
    add_range(column, dictionary, first);
    count_ += column.rows - column.nulls;
    for (std::size_t i = 0; i < dictionary.first_rows().size() && samples_.size() < samples_max; ++i) {
        auto value = value_of(column, dictionary.first_rows()[i]);
        if (std::find(samples_.begin(), samples_.end(), value) == samples_.end()) samples_.push_back(std::move(value));
    }
}

/// Hashes of the rows that the dictionary did not look at.
void ColumnProfiler::add_rest(const Column& column, const Dictionary& dictionary) {
    const auto each = [&](auto value) {
        for (auto row = dictionary.rows_seen(); row < column.rows; ++row) {
            if (!column.is_null(row)) distinct_.add(formats::parquet::hash_value(value(row)));
        }
    };
    if (column.type.is_text()) each([&](std::size_t row) { return column.text(row); });
    else if (column.type.is_float()) each([&](std::size_t row) { return column.floats[row]; });
    else each([&](std::size_t row) { return column.ints[row]; });
}

/// Least count that makes a value of this row group a candidate: all of a small dictionary, the best of a large one.
std::uint32_t ColumnProfiler::least_count(const Dictionary& dictionary) {
    // Of a dictionary that was given up only values of a share that can matter: nearly all are different.
    if (!dictionary.complete()) return std::max<std::uint32_t>(2, static_cast<std::uint32_t>(dictionary.codes().size() / 512));
    if (dictionary.counts().size() <= group_candidates_max * 4) return 1;
    counts_ = dictionary.counts();
    const auto best = counts_.begin() + group_candidates_max;
    std::nth_element(counts_.begin(), best, counts_.end(), std::greater<>{});
    return *best + 1;
}

void ColumnProfiler::add_top(const Column& column, const Dictionary& dictionary) {
    const auto least = least_count(dictionary);
    top_exact_ = top_exact_ && dictionary.complete() && least == 1;
    const auto& counts = dictionary.counts();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] < least) continue;
        const auto [item, is_new] = top_.try_emplace(dictionary.hashes()[i]);
        if (is_new) item->second.value = value_of(column, dictionary.first_rows()[i]);
        item->second.count += counts[i];
    }
    if (top_.size() <= candidates_max) return;
    // Only the most frequent ones stay; from then on a value that was dropped may be missing.
    std::vector<std::uint64_t> all;
    for (const auto& [hash, item] : top_) all.push_back(item.count);
    std::nth_element(all.begin(), all.begin() + candidates_max / 2, all.end(), std::greater<>{});
    const auto limit = all[candidates_max / 2];
    std::erase_if(top_, [&](const auto& item) { return item.second.count <= limit; });
    top_exact_ = false;
}

void ColumnProfiler::add_range(const Column& column, const Dictionary& dictionary, bool first) {
    if (column.type.is_text()) {
        add_lengths(column);
        using formats::parquet::order_prefix;
        auto least = order_prefix(text_min_), greatest = order_prefix(text_max_);
        const auto text_range = [&](std::string_view text) {
            const auto prefix = order_prefix(text);
            if (first || prefix < least || (prefix == least && text < text_min_)) {
                text_min_ = cut(text);
                least = prefix;
            }
            if (first || prefix > greatest || (prefix == greatest && text > text_max_)) {
                text_max_ = cut(text);
                greatest = prefix;
            }
            first = false;
        };
        for (const auto row : dictionary.first_rows()) text_range(column.text(row));
        for (auto row = dictionary.rows_seen(); row < column.rows; ++row) {
            if (!column.is_null(row)) text_range(column.text(row));
        }
        return;
    }
    const auto range = [&](const auto& values, auto& min, auto& max) {
        for (std::size_t row = 0; row < column.rows; ++row) {
            if (column.is_null(row)) continue;
            const auto value = values[row];
            if (first) min = max = value;
            first = false;
            min = std::min(min, value);
            max = std::max(max, value);
            sum_ += static_cast<double>(value);
        }
    };
    if (column.type.is_float()) range(column.floats, float_min_, float_max_);
    else range(column.ints, int_min_, int_max_);
}

void ColumnProfiler::add_lengths(const Column& column) {
    std::uint32_t begin = 0;
    for (std::size_t row = 0; row < column.rows; ++row) {
        const auto end = column.ends[row];
        const std::uint64_t length = end - begin;
        begin = end;
        if (column.is_null(row)) continue;
        length_min_ = std::min(length_min_, length);
        length_max_ = std::max(length_max_, length);
    }
    length_sum_ += column.bytes.size();
}

ColumnProfile ColumnProfiler::finish(const ColumnInfo& info) const {
    ColumnProfile out{.name = info.name, .type = info.type, .count = count_, .nulls = nulls_};
    if (count_ == 0) return out;
    const auto type = info.data_type();
    const auto notation = from_pattern(type, info.notation).value_or(Notation{});
    out.distinct = top_exact_ ? top_.size() : std::min(distinct_.estimate(), count_);
    const auto text = [&](std::int64_t value) {
        std::string rendered;
        render(value, type, notation, rendered);
        return rendered;
    };
    if (type.is_text()) {
        out.min = text_min_;
        out.max = text_max_;
        out.length_min = length_min_;
        out.length_max = length_max_;
        out.length_mean = static_cast<double>(length_sum_) / static_cast<double>(count_);
    } else if (type.is_float()) {
        render_float(float_min_, notation, out.min.emplace());
        render_float(float_max_, notation, out.max.emplace());
        out.mean = sum_ / static_cast<double>(count_);
    } else {
        out.min = text(int_min_);
        out.max = text(int_max_);
        if (type.type == formats::Type::int64 || type.type == formats::Type::decimal) {
            out.mean = sum_ / static_cast<double>(count_) / std::pow(10.0, type.scale);
        }
    }
    std::vector<Counted> top;
    for (const auto& [hash, item] : top_) top.push_back(item);
    std::sort(top.begin(), top.end(), [](const Counted& a, const Counted& b) {
        return a.count != b.count ? a.count > b.count : a.value < b.value;
    });
    if (top.size() > top_max) top.resize(top_max);
    for (const auto& item : top) out.top.push_back({shown(item.value, info, notation), item.count});
    out.top_exact = top_exact_;
    for (const auto& sample : samples_) out.samples.push_back(shown(sample, info, notation));
    return out;
}

}  // namespace millrace::datasets
