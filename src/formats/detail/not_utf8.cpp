#include "formats/detail/not_utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

#include "base/utf8.hpp"

namespace millrace::formats {
namespace {

constexpr std::size_t raw_bytes_max = 64 << 10;

std::optional<Reject> not_utf8(std::span<const Cell> row, std::uint64_t line) {
    const auto bad = std::ranges::find_if(row, [](const Cell& cell) { return first_invalid_utf8(cell.text()) != std::string_view::npos; });
    if (bad == row.end()) return std::nullopt;
    return Reject{.line = line, .byte_offset = 0, .column = static_cast<std::uint32_t>(bad - row.begin()), .code = "invalid_utf8",
                  .reason = "text that is not valid UTF-8", .raw = std::string{bad->text().substr(0, raw_bytes_max)}};
}

}  // namespace

void end_row(TextBatch& batch, Arena& texts, ReadReport& report, const ReadOptions& options) {
    const auto delivered = batch.rows * batch.columns;
    if (auto bad = not_utf8(std::span{batch.cells}.subspan(delivered), report.rows_in)) {
        ++report.rows_rejected;
        if (options.on_reject) options.on_reject(std::move(*bad));
        if (batch.rows == 0) texts.clear();
        return batch.cells.resize(delivered);
    }
    ++report.rows_out;
    ++batch.rows;
}

std::string altered_name(std::size_t column) {
    return fmt::format("the name of column {} is not valid UTF-8: it is shown with \uFFFD for each byte that is none", column);
}

}  // namespace millrace::formats
