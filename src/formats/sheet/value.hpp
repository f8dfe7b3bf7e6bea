#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::formats::sheet {

/// What the format of a cell makes of its number.
enum class Shown : std::uint8_t {
    number,
    date,
    time,
    timestamp,
    elapsed,  ///< hours beyond 24, [h]:mm
};

/// What a format code of a workbook shows, e.g. timestamp for "dd/mm/yyyy hh:mm". Only its first section counts.
Shown shown_by(std::string_view format_code);
/// The same for the formats that have a number and no code; number for unknown ones.
Shown shown_by(std::uint32_t builtin_format);

/// Where serial day numbers start. In `from_1900` day 60 is 29 February 1900, which there never was.
enum class Epoch : std::uint8_t { from_1900, from_1904 };

/// Appends a number as people wrote it: at most 15 significant digits, which is what spreadsheets keep and show (so
/// 0.1 + 0.2 is 0.3), whole numbers of up to 18 digits as they stand, no exponent from 1e-7 to 1e21. Text that is no
/// number is appended as it is.
void append_number(std::string& out, std::string_view text);
void append_number(std::string& out, double value);

/// Appends a serial day number as ISO 8601: 2024-01-31, 2024-01-31T10:00:00, 10:00:00, with milliseconds where there are
/// any. A time of day in a cell that shows a date makes a timestamp; a number that is no moment stays a number.
void append_moment(std::string& out, double serial, Shown shown, Epoch epoch);

}  // namespace millrace::formats::sheet
