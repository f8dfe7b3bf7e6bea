#pragma once

#include <boost/describe/enum.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::formats {

/// What the values of a column are. `uuid` and `json` are stored as text and are told apart for readers.
BOOST_DEFINE_ENUM_CLASS(Type, text, int64, decimal, float64, boolean, date, time, timestamp, uuid, json)

/// A type with its parameters.
struct DataType {
    Type type = Type::text;
    std::uint8_t precision = 0;  ///< decimal: digits in all, 1 to 18
    std::uint8_t scale = 0;      ///< decimal: digits after the point, 0 to precision
    bool utc = false;            ///< timestamp: an instant in UTC; false: wall time of no particular zone

    bool operator==(const DataType&) const = default;
    bool is_text() const { return type == Type::text || type == Type::uuid || type == Type::json; }
    bool is_float() const { return type == Type::float64; }
};

/// The values of one column in one row group. A null has a slot of its own (zero, or empty text), so a row number
/// is an index everywhere. Only the vectors of the type are filled.
struct Column {
    DataType type;
    std::size_t rows = 0;
    std::size_t nulls = 0;
    std::vector<std::uint8_t> valid;   ///< per row: 1, or 0 for a null
    std::vector<std::int64_t> ints;    ///< int64; decimal: value * 10^scale; boolean: 0 or 1; date: days since 1970;
                                       ///< time: microseconds since midnight; timestamp: microseconds since 1970
    std::vector<double> floats;        ///< float64
    std::vector<std::uint32_t> ends;   ///< text: where the value of each row ends in `bytes`
    std::string bytes;                 ///< text: all values after each other; below 4 GiB

    template <class Archive>
    void state(Archive& archive) { archive(type, rows, nulls, valid, ints, floats, ends, bytes); }

    bool is_null(std::size_t row) const { return valid[row] == 0; }
    std::string_view text(std::size_t row) const {
        const std::size_t begin = row == 0 ? 0 : ends[row - 1];
        return std::string_view{bytes}.substr(begin, ends[row] - begin);
    }
    /// Memory of the values, in bytes; what row groups are cut by.
    std::size_t size_bytes() const {
        return valid.size() + ints.size() * 8 + floats.size() * 8 + ends.size() * 4 + bytes.size();
    }

    void push_null() {
        ++nulls;
        ++rows;
        valid.push_back(0);
        if (type.is_text()) ends.push_back(static_cast<std::uint32_t>(bytes.size()));
        else if (type.is_float()) floats.push_back(0);
        else ints.push_back(0);
    }
    void push(std::int64_t value) {
        ++rows;
        valid.push_back(1);
        ints.push_back(value);
    }
    void push(double value) {
        ++rows;
        valid.push_back(1);
        floats.push_back(value);
    }
    void push(std::string_view value) {
        ++rows;
        valid.push_back(1);
        bytes.append(value);
        ends.push_back(static_cast<std::uint32_t>(bytes.size()));
    }
    /// Empty, of the same type, memory kept for the next row group.
    void clear() {
        rows = nulls = 0;
        valid.clear();
        ints.clear();
        floats.clear();
        ends.clear();
        bytes.clear();
    }
};

}  // namespace millrace::formats
