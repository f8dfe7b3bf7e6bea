#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/format.hpp"
#include "transform/value.hpp"

namespace millrace::transform {

struct SourceColumn {
    std::string name;
    Type type;
    bool operator==(const SourceColumn&) const = default;
};

/// Rows of a source, of which columns are taken out one by one, only where they are needed.
struct RowBatch {
    virtual ~RowBatch() = default;
    virtual std::size_t rows() const = 0;
    /// Number of a row among the rows of the source, from 1.
    virtual std::uint64_t number(std::size_t row) const = 0;
    /// The cells of these rows. Texts stay valid as long as the batch.
    virtual void load(std::size_t column, std::span<const std::uint32_t> rows, Vector& out) const = 0;
};

/// A table to be worked on, front to back.
struct RowSource {
    virtual ~RowSource() = default;
    virtual const std::vector<SourceColumn>& columns() const = 0;
    /// The next rows, at least one; null at the end. Valid until the next call.
    virtual const RowBatch* next() = 0;
    /// Bytes of the source that have been read; drives progress.
    virtual std::uint64_t bytes_consumed() const = 0;
    /// Complete after `next` has answered null.
    virtual const formats::ReadReport& report() const = 0;
};

/// Opens the table from its start; called again for what needs to see all rows first.
using OpenRows = std::function<std::unique_ptr<RowSource>()>;

/// A table of text, its columns named as an import names them. An unquoted empty cell is null.
std::unique_ptr<RowSource> text_rows(std::unique_ptr<formats::TableReader> reader);

/// A dataset with its types, or any flat Parquet file; only columns that are needed are read. `data` outlives it. Throws
/// Error{malformed_file}, also while rows are taken.
std::unique_ptr<RowSource> typed_rows(formats::Source& data);

}  // namespace millrace::transform
