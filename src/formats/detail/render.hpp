#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "formats/detail/out_buffer.hpp"
#include "formats/writer.hpp"

/// Values as text, the same in every format: decimals in their exact digits, dates and times by ISO 8601.
namespace millrace::formats {

inline constexpr std::size_t value_bytes_max = 64;  ///< of everything but text

// Each writes at `to`, where there is room for value_bytes_max, and answers the end.
char* put_int(char* to, std::int64_t value);
char* put_decimal(char* to, std::int64_t value, int scale, bool trimmed);
char* put_float(char* to, double value);  ///< the fewest digits that read back as the same number; "inf", "nan"
char* put_date(char* to, std::int64_t days);
char* put_time(char* to, std::int64_t micros, int digits);
char* put_timestamp(char* to, std::int64_t micros, bool utc, int digits, char mark = 'T');

/// A value (not null) of a column that does not hold text.
char* put_value(char* to, const Column& column, std::size_t row, const WriteColumn& how);

/// Digits of the number without zeros at its end.
int significant_digits(std::int64_t value);

/// Is every text of these rows valid UTF-8? One look at all bytes.
bool is_valid_utf8(const Column& column, std::size_t begin, std::size_t end);
/// The text with U+FFFD for every byte that is not UTF-8.
std::string with_valid_utf8(std::string_view text);

}  // namespace millrace::formats
