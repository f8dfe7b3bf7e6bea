#pragma once

#include "datasets/build.hpp"
#include "formats/writer.hpp"

namespace millrace::datasets {

/// Opens what rows are written to; called again, after the first one has been dropped, when types turn out to be wider
/// than rows that have been written.
using OpenWriter = std::function<std::unique_ptr<formats::TableWriter>(std::vector<formats::WriteColumn> columns)>;

struct TranscodeResult {
    std::uint64_t rows = 0;
    std::vector<ColumnInfo> columns;
    BuildReport report;
    std::unique_ptr<formats::TableWriter> writer;  ///< finished
};

/// From a table of text straight to a typed output: what building a dataset and writing its rows would give, value by
/// value, without the Parquet between. Rejects are counted only. Memory and errors as of `build`, and those of the writer.
TranscodeResult transcode(const OpenTable& open, const OpenWriter& open_writer, const BuildOptions& options = {});

}  // namespace millrace::datasets
