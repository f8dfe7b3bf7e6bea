#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::formats::sheet {

/// The largest sheet there is; what lies outside is damage.
constexpr std::uint32_t columns_max = 16'384;
constexpr std::uint64_t rows_max = 1'048'576;

/// A cell that holds something, as the text that a table gets.
struct SheetCell {
    std::uint32_t column = 0;  ///< from 0
    std::uint32_t size = 0;
    std::size_t begin = 0;  ///< of its text in RowBlock::text, which cells of one row may share
};

struct SheetRow {
    std::uint64_t number = 0;  ///< from 1, as the program that shows the sheet counts
    std::size_t first = 0;     ///< of its cells in RowBlock::cells, which reach to the first of the next row
};

/// Some rows of a sheet, sparse: neither empty cells nor rows without cells are in it.
struct RowBlock {
    std::string text;
    std::vector<SheetCell> cells;
    std::vector<SheetRow> rows;

    std::size_t end_of(std::size_t row) const { return row + 1 < rows.size() ? rows[row + 1].first : cells.size(); }
    std::string_view text_of(const SheetCell& cell) const { return std::string_view{text}.substr(cell.begin, cell.size); }
    void clear() {
        text.clear();
        cells.clear();
        rows.clear();
    }
};

/// The rows of one sheet, from its first to its last.
struct RowSource {
    virtual ~RowSource() = default;
    /// Replaces what `block` holds by the next rows; false when there are no more. Row numbers grow, columns grow within a
    /// row. Memory follows the cells that are there. Throws Error{malformed_file | archive_limits | parser_limits}.
    virtual bool read(RowBlock& block) = 0;
    /// How much of the sheet has been read, 0 to 1.
    virtual double progress() const = 0;
};

}  // namespace millrace::formats::sheet
