#pragma once

#include "datasets/dataset.hpp"

namespace millrace::api::v2 {

/// `dataset` as clients see it.
struct DatasetView {
    Uuid id;
    Uuid job_id;
    std::string name;
    std::string filename;
    std::optional<std::string> supplier_id;
    std::string format;
    std::string sha256;
    int version = 1;
    int table = 1;  ///< of its file
    std::uint64_t size_bytes = 0;
    std::uint64_t row_count = 0;
    std::uint64_t rows_in = 0;
    std::uint64_t rows_rejected = 0;
    std::uint64_t rows_reported = 0;
    std::uint64_t column_count = 0;
    json::array columns;
    json::object report;
    Uuid file_id;
    Uuid created_by;
    Instant created_at{};
    Uuid series_id;                 ///< shared by all versions
    std::optional<Uuid> parent_id;  ///< the version before
    datasets::Mode mode = datasets::Mode::import;
    json::array key;
    datasets::Contract contract = datasets::Contract::evolve;
    json::object changes;           ///< from the version before
    json::object links;
};
BOOST_DESCRIBE_STRUCT(DatasetView, (),
                      (id, job_id, name, filename, supplier_id, format, sha256, version, table, size_bytes, row_count, rows_in,
                       rows_rejected, rows_reported, column_count, columns, report, file_id, created_by, created_at,
                       series_id, parent_id, mode, key, contract, changes, links))

DatasetView dataset_view(const datasets::Dataset& dataset);

}  // namespace millrace::api::v2
