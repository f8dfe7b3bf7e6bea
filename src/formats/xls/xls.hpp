#pragma once

#include "formats/format.hpp"

namespace millrace::formats::xls {

/// Workbooks of Excel 97 to 2003 (BIFF8). `tables` are the worksheets, visible ones first. Cells become the text that
/// formats::xlsx makes of the same ones. `ReadOptions::dialect` knows "header", "header_rows" and "skip_rows".
///
/// Throws Error{malformed_file | encrypted_file | parser_limits | no_rows | unsupported_format (older workbooks, other
/// documents)}; of the options Error{invalid_parameter}. Reads untrusted bytes: the catalog has it sandboxed.
const Format& format();

}  // namespace millrace::formats::xls
