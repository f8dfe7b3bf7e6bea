#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/format.hpp"
#include "formats/sheet/rows.hpp"

namespace millrace::formats::sheet {

/// A sheet written as delimited text, so that the rules for where a table begins, what its heading is and where it ends
/// are those of every other table. The columns are those that hold something in the first rows; every row is padded to
/// them, a row without cells is an empty line. Read front to back.
class SheetText final : public Source {
public:
    static constexpr char delimiter = '\x1f';  ///< no cell has one that is typed by a person

    /// `on_reject` gets rows with cells outside the columns. Throws Error{no_rows} for a sheet without cells.
    SheetText(std::unique_ptr<RowSource> rows, const ReadOptions& options);

    std::uint64_t size() const override { return UINT64_MAX / 2; }  // nobody knows before the end
    std::size_t read(std::uint64_t offset, std::span<char> into) override;

    double progress() const { return rows_->progress(); }
    std::uint64_t rejected() const { return rejected_; }
    /// Blank rows for which no line was written: a run of them is one line.
    std::uint64_t blank_rows_unwritten() const { return unwritten_; }
    std::uint32_t first_column() const { return first_; }

private:
    void read_head();
    bool write_more();
    void write(const RowBlock& block);
    void write_row(const RowBlock& block, std::size_t row);
    void write_cell(std::string_view text);
    void reject(const RowBlock& block, std::size_t row);

    std::unique_ptr<RowSource> rows_;
    ReadOptions options_;
    std::vector<RowBlock> head_;  ///< read and not yet written
    std::size_t head_at_ = 0;
    RowBlock block_;
    std::uint32_t first_ = 0;
    std::uint32_t last_ = 0;
    std::uint64_t row_ = 0;  ///< number of the row that was written last
    std::uint64_t cells_ = 0;
    std::uint64_t rejected_ = 0;
    std::uint64_t unwritten_ = 0;
    std::string text_;       ///< written and not yet passed by a reader
    std::uint64_t text_at_ = 0;
};

/// "A" for 0, "XFD" for 16383.
std::string column_name(std::uint32_t column);

}  // namespace millrace::formats::sheet
