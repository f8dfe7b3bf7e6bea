#pragma once

#include "formats/writer.hpp"

namespace millrace::formats::parquet {

/// Parquet with zstd, in row groups of 128 k rows or 16 MiB, which are collected before they are written.
const OutputFormat& output();

}  // namespace millrace::formats::parquet
