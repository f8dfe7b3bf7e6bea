#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "formats/csv/detail/column_model.hpp"
#include "formats/csv/detail/record.hpp"

namespace millrace::formats::csv {

/// A damaged row as it probably was meant.
struct Repair {
    std::vector<Cell> cells;  ///< in the arena, or in the row
    std::string_view what;    ///< for people: "a stray quote is kept as text"
    double margin = 0;        ///< how much likelier than the next best reading, as a logarithm
};

/// Reads a line with a quote too many: as text, each in turn, until the rest is regular and makes `width` cells.
std::optional<Repair> repair_quote(std::string_view line, const Dialect& dialect, const ColumnModels& models,
                                   Arena& arena);

/// Finds the reading of a line that fits the columns best, by undoing one damage: another delimiter, a delimiter lost,
/// a delimiter too many. Nothing of the text is dropped except delimiters. Expects lines of at most 64 KiB.
std::optional<Repair> repair_row(std::string_view line, const std::vector<Cell>& cells, const Dialect& dialect,
                                 const ColumnModels& models, Arena& arena);

/// A row that a line end in an unquoted text cut in two; nothing when two rows of their own are as likely. `line` holds both.
std::optional<Repair> join_rows(std::string_view line, const std::vector<Cell>& first, const std::vector<Cell>& second,
                                const ColumnModels& models);

/// Every cell kept, at any price: padded with nulls, or the surplus joined into the cell where it fits best.
Repair force_row(const std::vector<Cell>& cells, const Dialect& dialect, const ColumnModels& models, Arena& arena);

}  // namespace millrace::formats::csv
