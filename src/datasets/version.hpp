#pragma once

#include "base/describe.hpp"
#include "datasets/build.hpp"
#include "datasets/dataset.hpp"
#include "datasets/rows.hpp"

/// A dataset has versions: each is a table of its own that nothing changes any more, made of the one before and a file.
namespace millrace::datasets {

struct Retyped {
    std::string column;
    formats::Type from = formats::Type::text;
    formats::Type to = formats::Type::text;
    std::string text;  ///< a value that does not have the former type, where one is known; cut at 200 bytes
};
BOOST_DESCRIBE_STRUCT(Retyped, (), (column, from, to, text))

struct Renamed {
    std::string from, to;
    bool same = false;  ///< only case, blanks or marks differ: taken for the same column. False: a guess by its place, nothing more
};
BOOST_DESCRIBE_STRUCT(Renamed, (), (from, to, same))

/// The version beside the one before. Rows of the file: added = rows_new; rows before: rows_kept + rows_replaced.
struct Changes {
    std::vector<std::string> added, missing;  ///< columns of the file only, of the dataset before only
    std::vector<Retyped> retyped;
    std::vector<std::string> reordered;
    std::vector<Renamed> renamed;
    std::uint64_t rows_new = 0;
    std::uint64_t rows_kept = 0;
    std::uint64_t rows_replaced = 0;
    std::uint64_t rows_discarded = 0;    ///< of the file; among the rejects
    std::uint64_t values_discarded = 0;
};
BOOST_DESCRIBE_STRUCT(Changes, (), (added, missing, retyped, reordered, renamed, rows_new, rows_kept, rows_replaced, rows_discarded, values_discarded))

struct VersionPlan {
    Mode mode = Mode::replace;
    std::vector<std::string> key;  ///< of an upsert: columns before, by name
    Contract contract = Contract::evolve;
};

/// The version before.
struct Parent {
    std::vector<ColumnInfo> columns;
    std::function<RowReader()> open;
    std::uint64_t bytes = 0;  ///< size of its data, for progress
};

/// Rows with keys that an upsert takes: they are in memory, 24 bytes each.
inline constexpr std::size_t upsert_rows_max = 4'000'000;

/// Builds the next version like `build`, over the rows before and those of the file, so that types, profile and kept texts are
/// those of the whole table. Columns are matched by name, and by place when the file has no header. A row of an upsert without a
/// key is rejected; of several with the same key the last one counts, the others are rejected.
/// In the report rows_in counts rows before too; those replaced are reported.
/// Throws what build throws, Error{schema_drift} and Error{too_many_rows}.
BuildResult build_version(const OpenTable& open, const Parent& parent, const VersionPlan& plan, const Sinks& sinks, BuildOptions options, Changes& changes);

}  // namespace millrace::datasets
