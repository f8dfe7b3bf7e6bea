#pragma once

#include "formats/format.hpp"

namespace millrace::formats {

/// How a file is to be read: {"format", "tables" (when there are several), "names"}, and for delimited text the dialect with
/// confidence and candidates. Throws like `recognise`, `Format::tables` and `Format::open`.
json::object sniff(Source& source, std::string_view filename, const ReadOptions& options = {});

/// What is in an archive: {"format", "members": [{"filename", "bytes", "skipped" (why, see unpack::why_skipped)}]}. Throws like
/// unpack::each_member.
json::object sniff_archive(Source& archive);

/// The first rows of a table under `options`: {"format", "dialect", "names", "rows": [["text" | null, ...]], "rejects": [{"line",
/// "code", "reason"}]}; of the dialect what is known by then. Reads no more of the file than that takes.
/// Long cells are cut, so that the answer has a few MiB at most. Throws like `sniff`.
json::object preview(Source& source, std::string_view filename, ReadOptions options, std::size_t rows_max);

}  // namespace millrace::formats
