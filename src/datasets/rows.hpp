#pragma once

#include <boost/describe/enum.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/column.hpp"
#include "formats/format.hpp"
#include "formats/parquet/reader.hpp"
#include "formats/writer.hpp"

namespace millrace::datasets {

/// Whether values are written as their type has them (numbers, ISO dates), or as they stood in the file.
BOOST_DEFINE_ENUM_CLASS(Values, typed, original)

/// The column as writers want it.
formats::WriteColumn write_column(const ColumnInfo& column);

/// Appends rows as a JSON array of objects, typed; see formats/json/writer.hpp.
void append_json_rows(const std::vector<formats::WriteColumn>& columns, const formats::Rows& rows, std::string& out);

/// Reads the rows of a dataset back from its Parquet files, a window at a time (about 1 MiB per column at most).
/// For one thread. All throw Error{malformed_file} when a file is damaged.
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
    const formats::parquet::Reader& file() const;

    /// A range of rows; it is cut at the end of the dataset.
    struct Range {
        std::uint64_t first = 0;
        std::uint64_t count = ~0ull;
    };
    /// Hands the rows to a writer that was opened with `write_columns()`. `on_rows` is called with the number of rows
    /// written so far, about every thousand of them, and may throw to end it.
    void write(Range range, Values values, formats::TableWriter& writer, const std::function<void(std::uint64_t)>& on_rows = {});
    std::vector<formats::WriteColumn> write_columns() const;
    /// Appends the rows as a JSON array of objects, typed; see formats/json/writer.hpp.
    void append_json(Range range, std::string& out);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::datasets
