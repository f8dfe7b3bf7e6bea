#pragma once

#include "formats/writer.hpp"

namespace millrace::formats::sqlite {

/// A SQLite database with one table. Whole numbers and booleans are INTEGER, float64 is REAL, decimals of up to 15
/// significant digits are numbers and longer ones TEXT in their exact digits; dates and times are ISO 8601 in TEXT.
/// Throws Error{too_many_columns} above 2,000.
const OutputFormat& output();

}  // namespace millrace::formats::sqlite
