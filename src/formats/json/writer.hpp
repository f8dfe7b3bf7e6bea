#pragma once

#include "formats/writer.hpp"

namespace millrace::formats::json_lines {

/// One object a line. Values: int64 as a number, beyond 2^53 as a string; decimals as a number in their exact digits, with
/// more than 15 significant digits as a string; float64 as a number, null when it is not finite; booleans; nulls as
/// null; dates and times as ISO 8601 in a string; text as a string.
const OutputFormat& output();

}  // namespace millrace::formats::json_lines

namespace millrace::formats::json_array {

/// The same objects as one array.
const OutputFormat& output();

}  // namespace millrace::formats::json_array
