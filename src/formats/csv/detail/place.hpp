#pragma once

#include <span>

#include "formats/csv/detail/heading.hpp"

namespace millrace::formats::csv {

/// Two or more words and no values, in at least half of the cells.
bool looks_like_heading(std::span<const Cell> cells);

/// A title or a note with empty cells behind it.
bool is_padded_note(const HeadRow& row, std::size_t width);

/// A sentence with commas in it: a space before each cell but the first.
bool is_prose(const std::vector<Cell>& cells);

/// The width of a table whose rows lack the empty cells at their ends: that of its heading. 0: it is no such table.
std::size_t ragged_width(const Head& head);

/// The width of the first table: of the first run of rows of equal width that is long enough to be one. A damaged row
/// or two do not end a run.
std::size_t main_width(const Head& head);

/// The first row that belongs to the table: heading or data.
std::size_t first_table_row(const Head& head, std::size_t width);

}  // namespace millrace::formats::csv
