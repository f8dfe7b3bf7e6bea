#pragma once

#include <boost/describe/class.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/describe.hpp"
#include "datasets/column.hpp"
#include "datasets/detectors.hpp"
#include "datasets/notation.hpp"
#include "datasets/sketch.hpp"
#include "formats/parquet/dictionary.hpp"
#include "formats/types.hpp"

namespace millrace::datasets {

/// A value and how often it occurs.
struct ValueCount {
    std::string value;
    std::uint64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(ValueCount, (), (value, count))

/// A share `at` of the values lies at or below `value`.
struct QuantileValue {
    double at = 0;
    std::string value;
};
BOOST_DESCRIBE_STRUCT(QuantileValue, (), (at, value))

/// Something that values look like; `share` is of the values looked at.
struct Look {
    std::string pattern;  ///< see pattern_of
    double share = 0;
};
BOOST_DESCRIBE_STRUCT(Look, (), (pattern, share))

struct Detection {
    Detector detector = Detector::iban;
    double share = 0;
};
BOOST_DESCRIBE_STRUCT(Detection, (), (detector, share))

/// What one pass tells of a column. Values are text in the notation of the column, cut at 200 bytes.
struct ColumnProfile {
    std::string name;
    formats::Type type = formats::Type::text;
    std::uint64_t count = 0;     ///< values that are not null
    std::uint64_t nulls = 0;
    std::uint64_t distinct = 0;  ///< estimated (HyperLogLog, standard error 1.6 %), exact for small numbers
    std::optional<std::string> min;
    std::optional<std::string> max;
    std::optional<double> mean;                 ///< numbers
    std::optional<std::uint64_t> length_min;    ///< text, bytes
    std::optional<std::uint64_t> length_max;
    std::optional<double> length_mean;
    std::vector<ValueCount> top;                ///< most frequent values, most frequent first
    bool top_exact = true;                      ///< false: counts are lower bounds, a value may be missing
    std::vector<std::string> samples;           ///< some different values, in order of the file
    /// Numbers and times: at 0.01, 0.05, 0.25, 0.5, 0.75, 0.95 and 0.99; exact when `top_exact`, else estimated from values
    /// looked at (some 2 % of the ranks).
    std::vector<QuantileValue> quantiles;
    /// Values looked at for what follows: all of a small file, else evenly spaced rows, the same ones each time.
    std::uint64_t looked_at = 0;
    std::vector<Look> patterns;                 ///< text: the most frequent shapes
    std::vector<Detection> detected;            ///< what at least a tenth of the values looks like, by share
};
BOOST_DESCRIBE_STRUCT(ColumnProfile, (), (name, type, count, nulls, distinct, min, max, mean, length_min, length_max,
                                          length_mean, top, top_exact, samples, quantiles, looked_at, patterns, detected))

struct Profile {
    std::uint64_t rows = 0;
    std::vector<ColumnProfile> columns;
};
BOOST_DESCRIBE_STRUCT(Profile, (), (rows, columns))

/// Collects the profile of one column, row group by row group. About 20 KiB and at most 1,000 values of memory.
class ColumnProfiler {
public:
    /// `dictionary` is the one of `column`, complete or given up.
    void add(const formats::Column& column, const formats::parquet::Dictionary& dictionary);
    /// Takes in what another one has seen of later rows of the same column.
    void merge(const ColumnProfiler& later);
    ColumnProfile finish(const ColumnInfo& column) const;

    template <class Archive>
    void state(Archive& archive) {
        archive(count_, nulls_, distinct_, top_, top_exact_, int_min_, int_max_, float_min_, float_max_, text_min_, text_max_, sum_, length_min_,
                length_max_, length_sum_, samples_, quantiles_, patterns_, looked_at_, detected_);
    }

private:
    std::uint32_t least_count(const formats::parquet::Dictionary& dictionary);
    void add_top(const formats::Column& column, const formats::parquet::Dictionary& dictionary);
    void add_rest(const formats::Column& column, const formats::parquet::Dictionary& dictionary);
    void add_range(const formats::Column& column, const formats::parquet::Dictionary& dictionary, bool first);
    void add_lengths(const formats::Column& column);
    void look(const formats::Column& column);
    void look_at(const formats::Column& column, std::size_t row, double weight);
    void drop_candidates();
    std::vector<QuantileValue> quantiles(const ColumnInfo& info, const Notation& notation) const;

    struct Counted {
        std::string value;  ///< text, or the eight bytes of a number
        std::uint64_t count = 0;

        template <class Archive>
        void state(Archive& archive) { archive(value, count); }
    };
    std::uint64_t count_ = 0;
    std::uint64_t nulls_ = 0;
    DistinctCounter distinct_;
    std::unordered_map<std::uint64_t, Counted> top_;  ///< by hash
    std::vector<std::uint32_t> counts_;  // scratch
    bool top_exact_ = true;
    std::int64_t int_min_ = 0, int_max_ = 0;
    double float_min_ = 0, float_max_ = 0;
    std::string text_min_, text_max_;
    double sum_ = 0;
    std::uint64_t length_min_ = ~0ull, length_max_ = 0, length_sum_ = 0;
    std::vector<std::string> samples_;
    Quantiles quantiles_;
    Patterns patterns_;
    std::uint64_t looked_at_ = 0;
    std::array<std::uint64_t, detector_count> detected_{};
};

}  // namespace millrace::datasets
