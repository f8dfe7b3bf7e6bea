#pragma once

#include "base/describe.hpp"
#include "base/scope.hpp"

namespace millrace::datasets {

/// A table that came out of a file: typed columns as Parquet, and everything that was decided on the way.
struct Dataset {
    Uuid id;
    Uuid owner;
    Uuid org;
    std::string name;
    std::string filename;
    std::optional<std::string> supplier_id;
    Uuid job_id;
    Uuid file_id;
    std::string sha256;  ///< of the file it came from: identity for duplicates
    int version = 1;     ///< of datasets from the same table of the same bytes
    int table = 1;       ///< which table of the file, the main one is 1
    std::string format;
    std::uint64_t size_bytes = 0;  ///< of the file
    std::uint64_t row_count = 0;
    std::uint64_t rows_in = 0;
    std::uint64_t rows_rejected = 0;
    std::uint64_t rows_reported = 0;
    std::uint64_t column_count = 0;
    json::array columns;  ///< name, type and profile of each
    json::object report;  ///< dialect, header, what was repaired, warnings
    std::string table_blob;    ///< Parquet
    std::string text_blob;     ///< Parquet of original texts; empty when every value reproduces its text
    std::string rejects_blob;  ///< NDJSON; empty when nothing was rejected
    Instant created_at{};
};

}  // namespace millrace::datasets
