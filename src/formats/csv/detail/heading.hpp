#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "formats/csv/detail/layout.hpp"

namespace millrace::formats::csv {

/// A record at the start of a file.
struct HeadRow {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string_view raw;
    const std::vector<Cell>& cells;
    std::size_t filled = 0;  ///< cells that are not empty
    bool blank = false;
};

/// The records at the start of a file, with the memory of their cells.
struct Head {
    Arena arena;
    std::deque<std::vector<Cell>> store;
    std::vector<HeadRow> rows;

    void add(const Record& record, std::string_view text);
    /// Gives rows the empty cells that they lack at their end.
    void pad(std::size_t width);
};

/// The heading of a table.
struct Heading {
    std::size_t rows = 0;  ///< stacked; 0: the table has none
    std::size_t cells = 0; ///< of a heading that was mended
    std::size_t body = 0;  ///< index of the first row of data in the head
    std::vector<std::string> names;
    std::optional<std::string> repair;
    double confidence = 1;
};

/// Years in steady steps, as headings of a time series have them.
bool has_series_of_years(const std::vector<Cell>& cells);

/// Decides how many rows from `first` on are a heading, by comparing them with what the columns hold below.
Heading find_heading(const Head& head, std::size_t first, const ColumnModels& models, std::size_t width,
                     const Dialect& dialect, const LayoutGiven& given);

}  // namespace millrace::formats::csv
