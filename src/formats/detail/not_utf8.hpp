#pragma once

#include <optional>
#include <span>

#include "formats/format.hpp"

namespace millrace::formats {

/// A text that its file calls text and that is no UTF-8 rejects its row: the Reject for the first one of `row`, the `line`th
/// of its table. Nothing where all are UTF-8.
std::optional<Reject> not_utf8(std::span<const Cell> row, std::uint64_t line);

/// A warning where the name of a column, counted from 1, was not UTF-8 and is shown with U+FFFD.
std::string altered_name(std::size_t column);

}  // namespace millrace::formats
