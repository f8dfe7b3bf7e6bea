#pragma once

#include "formats/writer.hpp"

namespace millrace::formats::csv {

/// Comma, double quote, CRLF, UTF-8. An empty text is written as "", a null as nothing (or as `null_text`).
const OutputFormat& output();

}  // namespace millrace::formats::csv

namespace millrace::formats::tsv {

/// The same with tabs and LF; a cell with a tab or a line end in it is quoted.
const OutputFormat& output();

}  // namespace millrace::formats::tsv
