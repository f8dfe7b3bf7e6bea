#pragma once

#include "datasets/build.hpp"
#include "datasets/export.hpp"
#include "formats/output.hpp"

/// From a file of one format to a file of another, without a dataset between.
namespace millrace::datasets {

/// Reads a table of any format and writes it as standard CSV: comma, double quote where needed, CRLF, UTF-8, every
/// cell's text as it stood; a header only when the file has one. Throws like the format's `open` and reading.
formats::ReadReport convert_to_csv(formats::Source& source, std::string_view filename, const formats::ReadOptions& options,
                                   formats::Sink& out);

/// The same for a table that is open already.
formats::ReadReport write_csv(formats::TableReader& reader, formats::Sink& out);

/// Is it standard CSV, with nothing else asked of it?
bool is_plain_csv(const ExportPlan& plan);

/// Where the parts of a conversion go.
struct ConvertOutput {
    formats::OpenPart open;
    std::function<void()> restart;  ///< what was opened is void: types are wider than rows that have been written
};

/// What a conversion to any format has done.
struct Converted {
    formats::ReadReport read;
    std::optional<formats::Manifest> manifest;  ///< absent for a plain standard CSV
};

/// Reads a table of any format and writes it as planned. Original values: cells as they stood. Typed ones: types found
/// over the whole file as an import does, so the result is that of an import and an export. Of `how`, progress and stop count.
Converted convert(formats::Source& source, std::string_view filename, const formats::ReadOptions& options, const ExportPlan& plan,
                  const ConvertOutput& output, const BuildOptions& how = {});

}  // namespace millrace::datasets
