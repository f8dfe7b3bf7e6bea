#pragma once

#include "blobs/source.hpp"
#include "blobs/store.hpp"
#include "datasets/dataset.hpp"
#include "datasets/rows.hpp"

namespace millrace::datasets {

/// A dataset opened for reading: its objects, and the rows in them.
struct OpenDataset {
    using Source = blobs::AsSource<formats::Source>;

    OpenDataset(blobs::BlobStore& blobs, const Dataset& dataset)
        : data{blobs.open(dataset.table_blob)},
          texts{dataset.text_blob.empty() ? nullptr : std::make_unique<Source>(blobs.open(dataset.text_blob))},
          rows{data, texts.get(), columns_of(dataset)} {}

    static std::vector<ColumnInfo> columns_of(const Dataset& dataset) {
        std::vector<ColumnInfo> columns;
        std::vector<Issue> issues;
        read_json(json::value(dataset.columns), columns, issues, "", true);
        return columns;
    }

    Source data;
    std::unique_ptr<Source> texts;
    RowReader rows;
};

}  // namespace millrace::datasets
