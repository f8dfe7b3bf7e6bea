#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datasets/column.hpp"
#include "formats/parquet/reader.hpp"
#include "query/query.hpp"

namespace millrace::datasets {

/// Columns of a dataset as fields of the filter grammar: int64, decimal and float64 are numbers, dates and timestamps are
/// times, booleans the words true and false, all others texts. Numbers compare as doubles; a column of whole numbers beyond
/// 2^53 is a text to a filter, so that ids are found exactly. The names are those of `columns`, which must stay.
std::vector<query::Field> row_fields(const std::vector<ColumnInfo>& columns, const formats::parquet::Reader& file);

struct RowQuery {
    query::Filter filter;
    query::Sort sort;                  ///< empty: the order of the file. Texts count by their first 256 bytes; nulls come last
    std::vector<std::size_t> columns;  ///< in the order wanted; empty: all
    std::size_t limit = 50;
    std::optional<std::string> cursor; ///< of the page before, for the same list
    std::string list;                  ///< what the cursor is good for: dataset, filter, sort
};

struct RowPage {
    std::string items;  ///< a JSON array of objects
    std::optional<std::string> next_cursor;
};

/// Rows that one page may look at. A filtered page in the order of the file ends there, with fewer rows than the limit and a
/// cursor to go on; a sorted one needs them all and is refused beyond.
inline constexpr std::uint64_t rows_filtered_max = 2'000'000, rows_sorted_max = 20'000'000;

/// One page. Filters pass over row groups whose bounds exclude them and decode only the columns they need; a sorted page is one
/// scan that keeps the `limit` best rows. Throws Error{invalid_parameter} for a cursor of another list, Error{too_many_rows}.
RowPage query_rows(const formats::parquet::Reader& file, const std::vector<ColumnInfo>& columns, const RowQuery& query);

/// Reads "name,\"unit price\"" as numbers of columns. Throws Error{invalid_parameter} for one that does not exist or stands twice.
std::vector<std::size_t> parse_columns(std::string_view text, const std::vector<ColumnInfo>& columns);

}  // namespace millrace::datasets
