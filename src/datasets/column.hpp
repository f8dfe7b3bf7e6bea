#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/types.hpp"

namespace millrace::datasets {

/// A column of a dataset, as it stands in the schema.
struct ColumnInfo {
    std::string name;           ///< unique within the dataset (also without regard to case) and never empty
    std::string original_name;  ///< as it stood in the file
    formats::Type type = formats::Type::text;
    int precision = 0;          ///< decimal
    int scale = 0;              ///< decimal
    bool utc = false;           ///< timestamp: instants in UTC, else wall time
    std::string notation;       ///< how values are written back, see notation.hpp; e.g. "0.00", "dd/MM/yyyy"

    formats::DataType data_type() const {
        return {type, static_cast<std::uint8_t>(precision), static_cast<std::uint8_t>(scale), utc};
    }
    bool operator==(const ColumnInfo&) const = default;
};
BOOST_DESCRIBE_STRUCT(ColumnInfo, (), (name, original_name, type, precision, scale, utc, notation))

/// Names that are unique (without regard to case) and not empty: an empty one becomes "column_<n>", the second
/// "price" becomes "price_2". White space at the ends is removed.
std::vector<std::string> unique_names(const std::vector<std::string>& names);

}  // namespace millrace::datasets
