#pragma once

#include <memory>
#include <string>

#include "formats/format.hpp"
#include "formats/sheet/rows.hpp"

namespace millrace::formats::sheet {

/// What a workbook says of one of its sheets.
struct Sheet {
    std::string_view format;  ///< lives as long as the program
    std::string name;
    std::uint64_t source_bytes = 0;
};

/// The table on a sheet. `ReadOptions::dialect` knows "header", "header_rows" and "skip_rows" as for delimited text; what
/// only concerns text (delimiter, quote, escape, encoding) is passed over with a warning.
/// Throws Error{no_rows | too_many_columns | invalid_parameter} and what `rows` throws.
std::unique_ptr<TableReader> open_sheet(const Sheet& sheet, std::unique_ptr<RowSource> rows, const ReadOptions& options);

/// The sheets in the order of Format::tables: those that a person sees first, since the first table is the main one.
/// Gives the position of each in `tables`.
std::vector<std::size_t> visible_first(std::vector<TableInfo>& tables);

}  // namespace millrace::formats::sheet
