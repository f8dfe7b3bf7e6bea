#include "transform/decimal.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

namespace millrace::transform {
namespace {

constexpr auto powers = [] {
    std::array<Int128, digits_max + 1> all{};
    all[0] = 1;
    for (std::size_t i = 1; i < all.size(); ++i) all[i] = all[i - 1] * 10;
    return all;
}();

constexpr bool is_small(Int128 value) {
    return value <= std::numeric_limits<std::int64_t>::max() && value >= std::numeric_limits<std::int64_t>::min();
}

struct Division {
    Int128 quotient;
    Int128 rest;
};

/// A division of 128 bits costs ten times one of 64, which is nearly always enough.
Division quotient(Int128 a, Int128 b) {
    if (is_small(a) && is_small(b) && b != -1) {
        const auto x = static_cast<std::int64_t>(a), y = static_cast<std::int64_t>(b);
        return {x / y, x % y};
    }
    return {a / b, a % b};
}

/// How far the quotient goes away from zero (0 or 1) for a rest that is not 0.
bool goes_up(const Division& division, Int128 divisor, bool negative, Rounding rounding) {
    if (division.rest == 0) return false;
    const UInt128 rest = division.rest < 0 ? -static_cast<UInt128>(division.rest) : static_cast<UInt128>(division.rest);
    const UInt128 size = divisor < 0 ? -static_cast<UInt128>(divisor) : static_cast<UInt128>(divisor);
    const UInt128 other = size - rest;  // rest against half of the divisor, without a product that may not fit
    switch (rounding) {
        case Rounding::half_up: return rest >= other;
        case Rounding::half_down: return rest > other;
        case Rounding::half_even: return rest > other || (rest == other && division.quotient % 2 != 0);
        case Rounding::up: return true;
        case Rounding::down: return false;
        case Rounding::ceiling: return !negative;
        case Rounding::floor: return negative;
    }
    return false;
}

Int128 rounded(Int128 a, Int128 b, Rounding rounding) {
    const auto division = quotient(a, b);
    const bool negative = (a < 0) != (b < 0);
    if (!goes_up(division, b, negative, rounding)) return division.quotient;
    return division.quotient + (negative ? -1 : 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Length of a space between groups of digits at the start of `text`.
std::size_t space_length(std::string_view text) {
    if (text.starts_with(' ')) return 1;
    if (text.starts_with("\u00a0")) return 2;  // no-break space
    if (text.starts_with("\u202f") || text.starts_with("\u2009")) return 3;  // narrow no-break space, thin space
    return 0;
}

std::size_t group_length(std::string_view text, char group) {
    if (group == 0 || text.empty()) return 0;
    if (group == ' ') return space_length(text);
    if (group == '\'' && text.starts_with("\u2019")) return 3;
    return text.front() == group ? 1 : 0;
}

std::string_view without_signs(std::string_view text) {
    constexpr std::string_view marks[] = {"\u20ac", "$", "\u00a3", "\u00a5", "%", "EUR", "USD", "GBP", "CHF"};
    const auto cut_spaces = [&] {
        for (std::size_t n; (n = space_length(text)) > 0;) text.remove_prefix(n);
        while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
        while (text.ends_with("\u00a0")) text.remove_suffix(2);
    };
    cut_spaces();
    for (const auto mark : marks) {
        if (text.starts_with(mark)) text.remove_prefix(mark.size());
        else if (text.ends_with(mark)) text.remove_suffix(mark.size());
        else continue;
        break;
    }
    cut_spaces();
    return text;
}

}  // namespace

Int128 power_of_ten(int n) { return powers[static_cast<std::size_t>(n)]; }

bool fits(Int128 value) { return value < powers[digits_max] && value > -powers[digits_max]; }

std::optional<Int128> add(Int128 a, Int128 b) {
    const Int128 sum = a + b;  // two of 38 digits stay below 2^127
    if (!fits(sum)) return std::nullopt;
    return sum;
}

std::optional<Int128> multiply(Int128 a, Int128 b) {
    if (is_small(a) && is_small(b)) {
        const Int128 product = a * b;
        if (!fits(product)) return std::nullopt;
        return product;
    }
    Int128 product;
    if (__builtin_mul_overflow(a, b, &product) || !fits(product)) return std::nullopt;
    return product;
}

std::optional<Int128> scale_up(Int128 value, int digits) {
    if (digits == 0 || value == 0) return value;
    if (digits > digits_max) return std::nullopt;
    return multiply(value, power_of_ten(digits));
}

Int128 scale_down(Int128 value, int digits, Rounding rounding) {
    if (digits == 0) return value;
    if (digits > digits_max) return rounded(value < 0 ? -1 : value > 0 ? 1 : 0, powers[2], rounding);
    return rounded(value, power_of_ten(digits), rounding);
}

std::optional<Int128> scale_down_exactly(Int128 value, int digits) {
    if (digits == 0) return value;
    if (digits > digits_max) return value == 0 ? std::optional<Int128>{0} : std::nullopt;
    const auto division = quotient(value, power_of_ten(digits));
    if (division.rest != 0) return std::nullopt;
    return division.quotient;
}

std::optional<Int128> divide(Int128 a, Int128 b, int digits, Rounding rounding) {
    const auto dividend = digits >= 0 ? scale_up(a, digits) : std::optional{a};
    const auto divisor = digits >= 0 ? std::optional{b} : scale_up(b, -digits);
    if (!dividend || !divisor) return std::nullopt;
    return rounded(*dividend, *divisor, rounding);
}

NumberFault parse_decimal(std::string_view text, const NumberNotation& notation, int scale, Int128& value) {
    if (notation.loose) text = without_signs(text);
    bool negative = false;
    if (!text.empty() && (text.front() == '-' || (notation.loose && text.front() == '+'))) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    } else if (notation.loose && text.size() > 1 && text.back() == '-') {  // as some ledgers write it
        negative = true;
        text.remove_suffix(1);
    }
    const char* at = text.data();
    const char* const end = at + text.size();
    // Up to 18 digits fit a machine word, and that is nearly every number.
    std::uint64_t small = 0;
    UInt128 whole = 0;
    int digits = 0, after = 0, in_group = -1;
    bool seen_point = false, any = false, lost = false;
    for (; at < end; ++at) {
        if (is_digit(*at)) {
            any = true;
            if (seen_point && after == scale) {
                lost |= *at != '0';
                continue;
            }
            if (in_group >= 0 && !seen_point && ++in_group > 3) return NumberFault::not_a_number;
            if (digits < 18) {
                small = small * 10 + static_cast<std::uint64_t>(*at - '0');
                if (small != 0) ++digits;
                whole = small;
            } else {
                if (++digits > digits_max) return NumberFault::overflow;
                whole = whole * 10 + static_cast<unsigned>(*at - '0');
            }
            if (seen_point) ++after;
        } else if (*at == notation.point && !seen_point) {
            if (in_group >= 0 && in_group != 3) return NumberFault::not_a_number;
            seen_point = true;
        } else {
            const auto length = group_length({at, static_cast<std::size_t>(end - at)}, notation.group);
            if (length == 0 || seen_point || !any || (in_group >= 0 && in_group != 3)) return NumberFault::not_a_number;
            in_group = 0;
            at += length - 1;
        }
    }
    if (!any || (in_group >= 0 && !seen_point && in_group != 3)) return NumberFault::not_a_number;
    if (lost) return NumberFault::too_many_digits;
    const auto scaled = scale_up(static_cast<Int128>(whole), scale - after);
    if (!scaled) return NumberFault::overflow;
    value = negative ? -*scaled : *scaled;
    return NumberFault::none;
}

std::optional<DecimalType> parse_decimal_type(std::string_view text) {
    constexpr std::string_view begin = "decimal(";
    const auto comma = text.find(',');
    if (!text.starts_with(begin) || !text.ends_with(')') || comma == text.npos) return std::nullopt;
    const auto number = [](std::string_view digits) { return digits.empty() || digits.size() > 2 || !std::ranges::all_of(digits, is_digit) ? -1 : std::atoi(std::string{digits}.c_str()); };
    const DecimalType type{number(text.substr(begin.size(), comma - begin.size())), number(text.substr(comma + 1, text.size() - comma - 2))};
    if (type.precision < 1 || type.precision > digits_max || type.scale < 0 || type.scale > std::min(type.precision, 30)) return std::nullopt;
    return type;
}

void append_decimal(std::string& out, Int128 value, int scale, bool trimmed) {
    char text[64];
    char* const end = std::end(text);
    char* at = end;
    UInt128 rest = value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
    int written = 0;
    bool wanted = !trimmed;
    const auto put = [&](char c) { *--at = c; };
    while (rest != 0 || written <= scale) {
        if (written == scale && scale > 0 && wanted) put('.');
        if (written == scale) wanted = true;
        const auto digit = static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
        ++written;
        if (!wanted && digit == '0') continue;
        wanted = true;
        put(digit);
    }
    if (value < 0) put('-');
    out.append(at, end);
}

}  // namespace millrace::transform
