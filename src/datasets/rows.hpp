#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/column.hpp"
#include "formats/format.hpp"

namespace millrace::datasets {

/// Reads the rows of a dataset back from its Parquet files, a window at a time (about 1 MiB per column at most).
/// For one thread. All throw Error{malformed_file} when a file is damaged.
///
/// JSON values: int64 as a number, beyond 2^53 as a string; decimals as a number in their exact digits, with more than
/// 15 significant digits as a string; float64 as a number; booleans as true and false; nulls as null; dates as
/// "yyyy-MM-dd", times as "HH:mm:ss[.ffffff]", timestamps as "yyyy-MM-ddTHH:mm:ss[.ffffff]", with "Z" when they are UTC;
/// text as a string.
class RowReader {
public:
    /// `columns` as `build` gave them; empty: read from `data`, any flat Parquet file. `texts` is the file of kept texts,
    /// null when there is none. Both sources must outlive the reader.
    RowReader(formats::Source& data, formats::Source* texts, std::vector<ColumnInfo> columns = {});
    ~RowReader();
    RowReader(RowReader&&) noexcept;
    RowReader& operator=(RowReader&&) noexcept;

    const std::vector<ColumnInfo>& columns() const;
    std::uint64_t rows() const;

    /// A range of rows; it is cut at the end of the dataset.
    struct Range {
        std::uint64_t first = 0;
        std::uint64_t count = ~0ull;
    };
    /// Appends the rows as a JSON array of objects.
    void append_json(Range range, std::string& out);
    /// Writes the rows as objects, one a line.
    void write_ndjson(Range range, formats::Sink& sink);
    /// Writes a standard CSV (comma, double quote, CRLF, UTF-8) in which every cell has the text it had in the file.
    /// `header`: whether the names, as they stood, come first.
    struct Csv {
        bool header = true;
        char delimiter = ',';
    };
    void write_csv(Range range, const Csv& how, formats::Sink& sink);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::datasets
