#pragma once

#include <boost/describe/enum.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "transform/value.hpp"

/// Exact numbers of up to 38 digits: a whole number and where its point stands.
namespace millrace::transform {

inline constexpr int digits_max = 38;

/// What becomes of a digit that is cut off. half_up goes away from zero, as prices do.
BOOST_DEFINE_ENUM_CLASS(Rounding, half_up, half_even, half_down, up, down, ceiling, floor)

/// 10^n, 0 <= n <= 38.
Int128 power_of_ten(int n);

/// Has at most 38 digits?
bool fits(Int128 value);

// Nothing when the result has more than 38 digits.
std::optional<Int128> add(Int128 a, Int128 b);
std::optional<Int128> multiply(Int128 a, Int128 b);
/// value * 10^digits.
std::optional<Int128> scale_up(Int128 value, int digits);

/// value / 10^digits, rounded; digits >= 0.
Int128 scale_down(Int128 value, int digits, Rounding rounding);
/// value / 10^digits when nothing is lost.
std::optional<Int128> scale_down_exactly(Int128 value, int digits);
/// a / b with `digits` more digits than they have after the point; b is not 0.
std::optional<Int128> divide(Int128 a, Int128 b, int digits, Rounding rounding);

struct NumberNotation {
    char point = '.';
    char group = 0;       ///< between groups of three digits; 0 for none; ' ' stands for the no-break spaces too
    bool loose = false;   ///< also white space around it, a leading + and a currency sign or percent sign
};

enum class NumberFault : std::uint8_t { none, not_a_number, overflow, too_many_digits };

/// Reads `text` with exactly `scale` digits after the point. A digit beyond it that is not 0 is refused.
NumberFault parse_decimal(std::string_view text, const NumberNotation& notation, int scale, Int128& value);

/// How a decimal is declared: "decimal(9,2)"; nothing for other texts, or for more than 38 digits, 30 of them after the point.
struct DecimalType {
    int precision = 0, scale = 0;
};
std::optional<DecimalType> parse_decimal_type(std::string_view text);

/// Appends the number in its exact digits. `trimmed`: without zeros at the end.
void append_decimal(std::string& out, Int128 value, int scale, bool trimmed);

}  // namespace millrace::transform
