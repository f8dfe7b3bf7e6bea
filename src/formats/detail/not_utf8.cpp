#include "formats/detail/not_utf8.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"

namespace millrace::formats {
namespace {

constexpr std::size_t raw_bytes_max = 64 << 10;

}  // namespace

std::optional<Reject> not_utf8(std::span<const Cell> row, std::uint64_t line) {
    const auto bad = std::ranges::find_if(row, [](const Cell& cell) { return first_invalid_utf8(cell.text()) != std::string_view::npos; });
    if (bad == row.end()) return std::nullopt;
    return Reject{.line = line, .byte_offset = 0, .column = static_cast<std::uint32_t>(bad - row.begin()), .code = "invalid_utf8",
                  .reason = "text that is not valid UTF-8", .raw = std::string{bad->text().substr(0, raw_bytes_max)}};
}

std::string altered_name(std::size_t column) {
    return fmt::format("the name of column {} is not valid UTF-8: it is shown with \uFFFD for each byte that is none", column);
}

}  // namespace millrace::formats
