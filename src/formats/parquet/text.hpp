#pragma once

#include <string>
#include <string_view>

#include "formats/parquet/decode.hpp"

namespace millrace::formats::parquet {

/// A text of the column as it is shown: as it is, or in hex digits, kept in `hex`, where it is no UTF-8.
std::string_view readable(const Leaf& leaf, std::string_view text, std::string& hex);

}  // namespace millrace::formats::parquet
