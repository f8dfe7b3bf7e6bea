#pragma once

#include <functional>
#include <vector>

#include "formats/parquet/reader.hpp"

namespace millrace::datasets {

/// Goes over a Parquet table window by window, and reads of each window only the columns that are asked for: what no filter
/// lets through is never decoded. Row groups that cannot hold what is looked for are passed over.
/// Memory: a window (1,024 rows at most) of the columns asked for. For one thread; the reader must outlive it.
class Scan {
public:
    using GroupTest = std::function<bool(std::size_t group)>;

    /// Begins at row `first`; `may_match` says of a row group whether it has to be looked at.
    explicit Scan(const formats::parquet::Reader& file, std::uint64_t first = 0, GroupTest may_match = {});

    /// Goes on to the next window; false at the end.
    bool next();
    /// A window of one row.
    void at(std::uint64_t row);

    std::uint64_t first() const { return first_; }
    std::size_t rows() const { return rows_; }
    const formats::Column& column(std::size_t index);

private:
    struct Held {
        std::optional<formats::parquet::ColumnReader> reader;  // made when first asked for
        formats::Column values;
        std::uint64_t window = 0;
    };

    const formats::parquet::Reader& file_;
    GroupTest may_match_;
    std::vector<Held> columns_;
    std::uint64_t first_ = 0, end_ = 0;  ///< of the window
    std::size_t rows_ = 0;
    std::size_t group_ = 0;
    std::uint64_t group_begin_ = 0;
    bool tested_ = false;  ///< the group has been found to matter
    std::uint64_t window_ = 0;
};

}  // namespace millrace::datasets
