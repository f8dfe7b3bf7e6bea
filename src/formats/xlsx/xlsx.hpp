#pragma once

#include "formats/format.hpp"

namespace millrace::formats::xlsx {

/// Office Open XML workbooks, transitional and strict. `tables` are the worksheets, visible ones first.
///
/// Cells become text: numbers with at most 15 significant digits, dates and times by the format of the cell as ISO 8601,
/// TRUE and FALSE, errors such as #N/A, formulas by the value that was kept with them; percentages stay the number they
/// are. `ReadOptions::dialect` knows "header", "header_rows" and "skip_rows".
///
/// Throws Error{malformed_file | encrypted_file | archive_limits | parser_limits | no_rows | unsupported_format}; of the
/// options Error{invalid_parameter}. Reads untrusted bytes: the catalog has it sandboxed.
const Format& format();

}  // namespace millrace::formats::xlsx
