#include "datasets/profile.hpp"

#include <algorithm>
#include <charconv>
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
/// Rows looked at closely, of the first row group and of each one after it: of a table of 400 columns this still costs little.
constexpr std::size_t first_looks = 1024, later_looks = 128, patterns_shown = 10;
constexpr double detected_least = 0.1;
constexpr double shares[] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

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

void ColumnProfiler::add(const Column& column, const Dictionary& dictionary) {
    const bool first = count_ == 0;
    nulls_ += column.nulls;
    if (column.rows == column.nulls) return;
    look(column);
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
    drop_candidates();
}

void ColumnProfiler::drop_candidates() {
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

/// Looks at evenly spaced rows: which ones depends on nothing but the rows, so a rerun finds the same.
void ColumnProfiler::look(const Column& column) {
    const auto looks = count_ == 0 ? first_looks : later_looks;
    const auto step = std::max<std::size_t>(1, column.rows / looks);
    const auto each = [&](auto visit) {
        for (std::size_t row = 0; row < column.rows; row += step) {
            if (!column.is_null(row)) visit(row);
        }
    };
    std::size_t seen = 0;
    each([&](std::size_t) { ++seen; });
    const double weight = static_cast<double>(column.rows - column.nulls) / static_cast<double>(std::max<std::size_t>(1, seen));
    each([&](std::size_t row) { look_at(column, row, weight); });
    looked_at_ += seen;
}

void ColumnProfiler::look_at(const Column& column, std::size_t row, double weight) {
    using formats::Type;
    Detected found;
    std::array<char, 32> digits{};
    const auto written = [&](auto value) {
        return std::string_view{digits.data(), static_cast<std::size_t>(std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr - digits.data())};
    };
    const auto place = [&](double value) {  // of enough decimals to be one
        if (std::abs(value) <= 90) found.set(Detector::latitude);
        if (std::abs(value) <= 180) found.set(Detector::longitude);
    };
    if (!column.type.is_text()) quantiles_.add(column.type.is_float() ? column.floats[row] : static_cast<double>(column.ints[row]), weight);
    switch (column.type.type) {
        case Type::text:
        case Type::uuid:
        case Type::json:
            found = detect(column.text(row));
            patterns_.add(column.text(row).substr(0, text_bytes_max));
            break;
        case Type::int64: found = detect(written(column.ints[row])); break;
        case Type::float64: found = detect(written(column.floats[row])); break;
        case Type::decimal:
            if (column.type.scale >= 4) place(static_cast<double>(column.ints[row]) / std::pow(10.0, column.type.scale));
            break;
        case Type::boolean: found.set(Detector::boolean); break;
        case Type::date:
        case Type::timestamp: found.set(Detector::date); break;
        case Type::time: break;
    }
    for (auto bits = found.bits(); bits != 0; bits &= bits - 1) ++detected_[static_cast<std::size_t>(__builtin_ctz(bits))];
}

void ColumnProfiler::merge(const ColumnProfiler& later) {
    if (later.count_ > 0) {
        const bool first = count_ == 0;
        const auto widen = [&](auto& min, auto& max, const auto& other_min, const auto& other_max) {
            if (first || other_min < min) min = other_min;
            if (first || other_max > max) max = other_max;
        };
        widen(int_min_, int_max_, later.int_min_, later.int_max_);
        widen(float_min_, float_max_, later.float_min_, later.float_max_);
        widen(text_min_, text_max_, later.text_min_, later.text_max_);
    }
    count_ += later.count_;
    nulls_ += later.nulls_;
    distinct_.merge(later.distinct_);
    top_exact_ = top_exact_ && later.top_exact_;
    for (const auto& [hash, item] : later.top_) {
        const auto [mine, is_new] = top_.try_emplace(hash, item);
        if (!is_new) mine->second.count += item.count;
    }
    drop_candidates();
    sum_ += later.sum_;
    length_min_ = std::min(length_min_, later.length_min_);
    length_max_ = std::max(length_max_, later.length_max_);
    length_sum_ += later.length_sum_;
    for (const auto& sample : later.samples_) {
        if (samples_.size() < samples_max && std::ranges::find(samples_, sample) == samples_.end()) samples_.push_back(sample);
    }
    quantiles_.merge(later.quantiles_);
    patterns_.merge(later.patterns_);
    looked_at_ += later.looked_at_;
    for (std::size_t i = 0; i < detector_count; ++i) detected_[i] += later.detected_[i];
}

std::vector<QuantileValue> ColumnProfiler::quantiles(const ColumnInfo& info, const Notation& notation) const {
    const auto type = info.data_type();
    if (type.is_text() || type.type == formats::Type::boolean || count_ == 0) return {};
    std::vector<std::pair<double, std::uint64_t>> exact;
    if (top_exact_) {
        for (const auto& [hash, item] : top_) {
            std::int64_t whole = 0;
            double number = 0;
            std::memcpy(&whole, item.value.data(), 8);
            std::memcpy(&number, item.value.data(), 8);
            exact.emplace_back(type.is_float() ? number : static_cast<double>(whole), item.count);
        }
        std::ranges::sort(exact);
    }
    const auto value_at = [&](double share) {
        if (exact.empty()) return quantiles_.at(share);
        auto left = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(count_)));
        for (const auto& [value, count] : exact) {
            left -= static_cast<std::int64_t>(count);
            if (left <= 0) return value;
        }
        return exact.back().first;
    };
    std::vector<QuantileValue> out;
    for (const double share : shares) {
        auto& item = out.emplace_back(QuantileValue{share, {}});
        const double value = value_at(share);
        if (type.is_float()) render_float(std::clamp(value, float_min_, float_max_), notation, item.value);
        else render(std::clamp(static_cast<std::int64_t>(std::llround(value)), int_min_, int_max_), type, notation, item.value);
    }
    return out;
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
    out.quantiles = quantiles(info, notation);
    out.looked_at = looked_at_;
    const auto share = [&](std::uint64_t count) { return std::round(1e4 * static_cast<double>(count) / static_cast<double>(looked_at_)) / 1e4; };
    for (const auto& [pattern, count] : patterns_.most_frequent(patterns_shown)) out.patterns.push_back({pattern, share(count)});
    for (std::size_t i = 0; i < detector_count; ++i) {
        if (looked_at_ > 0 && share(detected_[i]) >= detected_least) out.detected.push_back({static_cast<Detector>(i), share(detected_[i])});
    }
    std::ranges::stable_sort(out.detected, std::greater<>{}, &Detection::share);
    return out;
}

}  // namespace millrace::datasets
