#pragma once

#include "formats/format.hpp"

namespace millrace::formats::parquet {

/// Parquet files of any writer as a table of text. Nested columns are JSON. What a file may make us keep is not bounded by its
/// size (a page for each column), so this runs in a child process, see formats/sandbox.
const Format& format();

}  // namespace millrace::formats::parquet
