#pragma once

#include <cstdint>

#include "formats/format.hpp"

namespace millrace::formats::csv {

/// Delimited text: comma, semicolon, tab, pipe, space and others, found out from the file.
///
/// `ReadOptions::dialect` may fix, each on its own:
///   "delimiter"    text of 1 to 4 bytes
///   "quote"        one ASCII character; "" or null for none
///   "escape"       "doubled", "backslash" or "none": how a quote inside a quoted cell is written
///   "encoding"     "utf-8", "utf-16le", "utf-16be", "windows-1252" or any name that ICU knows
///   "header"       true or false
///   "header_rows"  number of stacked heading rows
///   "skip_rows"    number of records before the heading
/// Unknown keys and unfit values are Error{invalid_parameter}.
///
/// `open` throws Error{empty_file | not_text | line_too_long | too_many_columns}; a table without rows is no error.
const Format& format();

/// The account of a file without its rows: what reading it all would report, at a third of the cost. Throws like open.
ReadReport count(Source& source, const ReadOptions& options = {});

}  // namespace millrace::formats::csv
