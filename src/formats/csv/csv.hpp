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
/// Unknown keys, unfit values and a table that is not there are Error{invalid_parameter}.
///
/// Where tables stand below each other, `ReadOptions::table` counts them from the top; each is read as a file of its own.
///
/// `open` throws Error{empty_file | not_text | line_too_long | too_many_columns}; a table without rows is no error.
const Format& format();

/// Writes table `options.table` of `source` as standard CSV: comma, double quote, CRLF, UTF-8, every cell's text as it stood.
/// A cell is quoted only when it has to be; null and the empty string are both written as nothing. Stacked headings
/// are joined, a table without one gets none, what stands before and behind the table is left out and reported.
/// Rows that an import would refuse are kept with all their cells (padded, or the surplus joined) and count as
/// repaired. An empty file gives an empty one. Throws what `open` and reading throw.
ReadReport convert(Source& source, Sink& sink, const ReadOptions& options = {});

/// The table as `convert` reads it: no row is refused. Throws like `open`.
std::unique_ptr<TableReader> open_keeping(Source& source, const ReadOptions& options = {});

/// What would be decided about a file: {"delimiter", "quote", ..., "confidence", "reason", "names", "candidates": [...]}.
/// Reads at most the first MiB of table `options.table` (and what stands before it). Throws like open.
json::object sniff(Source& source, const ReadOptions& options = {});

/// The account of a file without its rows: what reading it all would report, at a third of the cost. Throws like open.
ReadReport count(Source& source, const ReadOptions& options = {});

}  // namespace millrace::formats::csv
