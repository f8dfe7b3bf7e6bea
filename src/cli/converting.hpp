#pragma once

#include <string_view>

#include "cli/output.hpp"
#include "datasets/convert.hpp"

namespace millrace::cli {

/// Reads a table of any format and writes it to `path` as planned. `hashed`: the manifest is wanted, with its SHA-256.
datasets::Converted convert_file(formats::Source& source, std::string_view filename, const formats::ReadOptions& options, const std::string& path,
                                 const datasets::ExportPlan& plan, bool hashed);

}  // namespace millrace::cli
