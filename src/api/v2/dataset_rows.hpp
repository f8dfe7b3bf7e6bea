#pragma once

#include "api/table.hpp"
#include "datasets/dataset.hpp"

namespace millrace::api::v2 {

/// A page of rows as JSON objects: `{items, next_cursor}`.
http::Response rows_page(Call& call, const datasets::Dataset& dataset);

/// The whole dataset as `?format=` ndjson (jsonl), csv (every cell as it stood) or parquet.
http::Begun export_download(Call& call, const datasets::Dataset& dataset);

}  // namespace millrace::api::v2
