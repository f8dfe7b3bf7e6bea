#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats/format.hpp"
#include "formats/parquet/dictionary.hpp"
#include "formats/state.hpp"
#include "formats/types.hpp"

namespace millrace::formats::parquet {

enum class Compression { zstd, snappy, none };

struct WriterOptions {
    Compression compression = Compression::zstd;
    int level = 1;                       ///< zstd
    std::size_t page_bytes = 1u << 20;   ///< uncompressed, about
    std::string created_by = "millrace version 0.1.0";
};

struct Field {
    std::string name;
    DataType type;
};

/// Writes a flat Parquet file front to back: row groups of optional columns, dictionary or PLAIN pages with a CRC,
/// statistics and page index. Memory: one page, and the metadata (about 200 bytes per column and row group).
/// Readers that know it: DuckDB, Polars, hyparquet and everything on parquet-cpp or parquet-java.
class Writer {
public:
    explicit Writer(Sink& sink, WriterOptions options = {});
    ~Writer();

    /// Writes the next column of the current row group; the first one begins it. `dictionary` is that of the column;
    /// it is used when it is complete and smaller than the values.
    void write(const Column& column, const Dictionary& dictionary);
    /// Ends the row group; every row group has the same number of columns.
    void end_group();
    /// Writes the footer and returns the size of the file. The types are those of the columns written; a column that
    /// held only nulls so far may be of any type.
    std::uint64_t finish(const std::vector<Field>& fields,
                         const std::vector<std::pair<std::string, std::string>>& properties = {});

    /// Between two row groups: all of them have been given to the sink, and another writer whose sink continues there goes
    /// on from that state.
    void state(StateWriter& archive);
    void state(StateReader& archive);

    /// Convenience for small files: writes all columns as one row group.
    void write_group(const std::vector<Column>& columns);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::formats::parquet
