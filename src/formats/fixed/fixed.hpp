#pragma once

#include "formats/format.hpp"

namespace millrace::formats::fixed {

/// Text whose columns stand at fixed positions, counted in characters. They are found by the blanks that all lines of
/// the first 64 KiB have in common; recognised only where no delimiter explains the file.
///
/// `ReadOptions::dialect` may fix:
///   "widths"    characters of each column, [10, 5, 8]; makes any text a file of this format
///   "header"    true or false: the first line has names
///   "encoding"  as for delimited text
///
/// `open` throws Error{malformed_file} when there are no such columns, Error{not_text | line_too_long |
/// too_many_columns | invalid_parameter}. A line with text where all others are blank, or beyond the widths, is a Reject.
const Format& format();

}  // namespace millrace::formats::fixed
