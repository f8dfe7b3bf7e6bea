#pragma once

#include <string_view>

#include "cli/output.hpp"
#include "formats/format.hpp"
#include "formats/output.hpp"

namespace millrace::cli {

/// Reads a table of any format and writes it as standard CSV: comma, double quote where needed, CRLF, UTF-8, every
/// cell's text as it stood; a header only when the file has one. Throws like the format's `open` and reading.
formats::ReadReport convert_to_csv(formats::Source& source, std::string_view filename, const formats::ReadOptions& options,
                                   formats::Sink& out);

/// The same for a table that is open already.
formats::ReadReport write_csv(formats::TableReader& reader, formats::Sink& out);

/// What a conversion to any format has done.
struct Converted {
    formats::ReadReport read;
    std::optional<formats::Manifest> manifest;  ///< absent for a plain standard CSV
};

/// Reads a table of any format and writes it to `path` as planned. Original values: cells as they stood. Typed ones:
/// types found over the whole file as an import does, so the result is that of an import and an export.
/// `hashed`: the manifest is wanted, with its SHA-256.
Converted convert_file(formats::Source& source, std::string_view filename, const formats::ReadOptions& options, const std::string& path,
                       const datasets::ExportPlan& plan, bool hashed);

}  // namespace millrace::cli
