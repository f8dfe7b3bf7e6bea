#pragma once

#include <string>
#include <string_view>

#include "formats/parquet/decode.hpp"

namespace millrace::formats::parquet {

/// A text of the column as it is shown: bytes that nobody called text, and that are no UTF-8, in hex digits, kept in `hex`.
std::string_view readable(const Leaf& leaf, std::string_view text, std::string& hex);

}  // namespace millrace::formats::parquet
