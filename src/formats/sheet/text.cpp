#include "formats/sheet/text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace millrace::formats::sheet {
namespace {

constexpr std::size_t head_rows_max = 3000;
constexpr std::size_t head_bytes_max = 1 << 20;
constexpr std::uint64_t cells_max = 1ull << 31;       ///< of a table, empty ones included
constexpr std::uint64_t text_bytes_max = 4ull << 30;  ///< of a table; a short cell may stand for a long shared text
constexpr std::size_t raw_bytes_max = 64 * 1024;

bool needs_quotes(std::string_view text) {
    if (text.front() == ' ' || text.back() == ' ') return true;
    return std::ranges::any_of(text, [](char c) { return c == SheetText::delimiter || c == '"' || c == '\n' || c == '\r'; });
}

}  // namespace

std::string column_name(std::uint32_t column) {
    std::string name;
    for (auto left = column + 1; left > 0; left = (left - 1) / 26) name.insert(name.begin(), static_cast<char>('A' + (left - 1) % 26));
    return name;
}

SheetText::SheetText(std::unique_ptr<RowSource> rows, const ReadOptions& options) : rows_{std::move(rows)}, options_{options} {
    read_head();
}

void SheetText::read_head() {
    std::size_t rows = 0, bytes = 0;
    first_ = columns_max;
    for (RowBlock block; rows < head_rows_max && bytes < head_bytes_max && rows_->read(block);) {
        for (const auto& cell : block.cells) first_ = std::min(first_, cell.column), last_ = std::max(last_, cell.column);
        rows += block.rows.size();
        bytes += block.text.size();
        head_.push_back(std::move(block));
        block.clear();
    }
    if (rows == 0) throw Error{Code::no_rows};
    if (last_ - first_ >= options_.columns_max) throw Error{Code::too_many_columns, {{"limit", std::to_string(options_.columns_max)}}};
}

std::size_t SheetText::read(std::uint64_t offset, std::span<char> into) {
    if (offset > text_at_) {
        const auto passed = std::min<std::uint64_t>(offset - text_at_, text_.size());
        text_.erase(0, passed);
        text_at_ += passed;
    }
    if (offset != text_at_) return 0;
    while (text_.size() < into.size() && write_more()) {}
    return text_.copy(into.data(), into.size());
}

bool SheetText::write_more() {
    if (head_at_ < head_.size()) {
        write(head_[head_at_]);
        head_[head_at_++] = {};
        return true;
    }
    if (!rows_->read(block_)) return false;
    write(block_);
    return true;
}

void SheetText::write(const RowBlock& block) {
    for (std::size_t row = 0; row < block.rows.size(); ++row) {
        const auto number = block.rows[row].number;
        if (const auto blank = number - row_ - 1; blank > 0) {
            text_ += '\n';
            unwritten_ += blank - 1;
        }
        row_ = number;
        const auto first = block.cells[block.rows[row].first].column;
        const auto last = block.cells[block.end_of(row) - 1].column;
        if (first < first_ || last > last_) reject(block, row);
        else write_row(block, row);
    }
}

void SheetText::write_row(const RowBlock& block, std::size_t row) {
    cells_ += last_ - first_ + 1;
    if (cells_ > cells_max) throw Error{Code::archive_limits, {{"why", fmt::format("more than {} cells", cells_max)}}};
    const auto begin = text_.size();
    auto column = first_;
    for (auto i = block.rows[row].first; i < block.end_of(row); ++i) {
        const auto& cell = block.cells[i];
        text_.append(cell.column - column, delimiter);
        column = cell.column;
        // Cells may share their text, so that a row is larger than what holds it.
        if (text_.size() - begin + cell.size > options_.record_bytes_max) {
            throw Error{Code::line_too_long, {{"line", std::to_string(row_)}, {"limit", std::to_string(options_.record_bytes_max)}}};
        }
        write_cell(block.text_of(cell));
    }
    text_.append(last_ - column, delimiter);
    text_ += '\n';
    if (text_at_ + text_.size() > text_bytes_max) {
        throw Error{Code::archive_limits, {{"why", fmt::format("more than {} bytes of text", text_bytes_max)}}};
    }
}

void SheetText::write_cell(std::string_view text) {
    if (!needs_quotes(text)) {
        text_ += text;
        return;
    }
    text_ += '"';
    for (auto quote = text.find('"'); quote != text.npos; quote = text.find('"')) {
        text_.append(text.substr(0, quote + 1)).push_back('"');
        text.remove_prefix(quote + 1);
    }
    text_.append(text).push_back('"');
}

void SheetText::reject(const RowBlock& block, std::size_t row) {
    ++rejected_;
    if (!options_.on_reject) return;
    Reject reject{.line = row_, .byte_offset = 0, .column = std::nullopt, .code = "too_many_fields", .reason = {}, .raw = {}};
    for (auto i = block.rows[row].first; i < block.end_of(row); ++i) {
        const auto& cell = block.cells[i];
        if (cell.column < first_ || cell.column > last_) {
            reject.reason = fmt::format("cell {}{} is outside the columns of the table, {} to {}", column_name(cell.column), row_,
                                        column_name(first_), column_name(last_));
        }
        reject.raw += fmt::format("{}{}{}={}", reject.raw.empty() ? "" : "\t", column_name(cell.column), row_, block.text_of(cell));
        if (reject.raw.size() > raw_bytes_max) break;
    }
    // Cut between characters, so that it stays text.
    auto size = std::min(reject.raw.size(), raw_bytes_max);
    while (size < reject.raw.size() && (static_cast<unsigned char>(reject.raw[size]) & 0xc0) == 0x80) --size;
    reject.raw.resize(size);
    if (reject.reason.empty()) reject.reason = fmt::format("row {} has cells outside the columns of the table", row_);
    options_.on_reject(std::move(reject));
}

}  // namespace millrace::formats::sheet
