#pragma once

#include <string_view>

#include "formats/format.hpp"

namespace millrace::cli {

/// Reads a table of any format and writes it as standard CSV: comma, double quote where needed, CRLF, UTF-8, every
/// cell's text as it stood; a header only when the file has one. Throws like the format's `open` and reading.
formats::ReadReport convert_to_csv(formats::Source& source, std::string_view filename, const formats::ReadOptions& options,
                                   formats::Sink& out);

/// The same for a table that is open already.
formats::ReadReport write_csv(formats::TableReader& reader, formats::Sink& out);

}  // namespace millrace::cli
