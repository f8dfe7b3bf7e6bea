#pragma once

#include <string>

#include "formats/arena.hpp"
#include "formats/format.hpp"

namespace millrace::formats {

/// Ends the row whose cells stand behind the rows of `batch`, the `report.rows_in`th of its table: it is one of them now, or
/// rejected for the first of its texts that is no UTF-8, though its file calls it text. `texts` holds those of the batch.
void end_row(TextBatch& batch, Arena& texts, ReadReport& report, const ReadOptions& options);

/// A warning where the name of a column, counted from 1, was not UTF-8 and is shown with U+FFFD.
std::string altered_name(std::size_t column);

}  // namespace millrace::formats
