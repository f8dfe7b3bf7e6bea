#pragma once

#include "formats/format.hpp"

namespace millrace::formats::ods {

/// OpenDocument spreadsheets. `tables` are the sheets, visible ones first. Cells become the text that formats::xlsx makes
/// of the same ones. Repeated blanks cost nothing; repeated values are written as often as they are repeated, as far as
/// a sheet reaches. `ReadOptions::dialect` knows "header", "header_rows" and "skip_rows".
///
/// Throws Error{malformed_file | encrypted_file | archive_limits | no_rows}; of the options Error{invalid_parameter}.
/// Reads untrusted bytes: the catalog has it sandboxed.
const Format& format();

}  // namespace millrace::formats::ods
