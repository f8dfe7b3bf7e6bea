#pragma once

#include <boost/describe/enum.hpp>

#include "base/describe.hpp"
#include "base/scope.hpp"

namespace millrace::datasets {

/// How a version came about; see version.hpp.
BOOST_DEFINE_ENUM_CLASS(Mode,
    import,    ///< of its file alone; the first version, or the same bytes read again
    replace,   ///< the rows of the file instead of those before
    append,    ///< the rows before, then those of the file
    upsert)    ///< the same, without the rows before whose key comes again

/// What may happen to the columns from one version to the next.
BOOST_DEFINE_ENUM_CLASS(Contract,
    evolve,         ///< columns are added, types widen as in one file
    freeze,         ///< any difference fails the job
    discard_row,    ///< rows that do not fit the columns and types before are rejected
    discard_value)  ///< values that do not fit become null, columns that are new are left out; both are counted

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
    int version = 1;     ///< within its series
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
    Uuid series_id;                  ///< the first version; nil means this one
    std::optional<Uuid> parent_id;   ///< the version that this one was made of
    Mode mode = Mode::import;
    json::array key;                 ///< of an upsert: names of columns
    Contract contract = Contract::evolve;  ///< which the next version inherits
    json::object changes;            ///< from the version before, see Changes
};

}  // namespace millrace::datasets
