#include "formats/detail/render.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/utf8.hpp"

namespace millrace::formats {
namespace {

constexpr std::int64_t micros_per_day = 86'400'000'000;

constexpr std::uint64_t powers_of_ten[] = {1,
                                           10,
                                           100,
                                           1'000,
                                           10'000,
                                           100'000,
                                           1'000'000,
                                           10'000'000,
                                           100'000'000,
                                           1'000'000'000,
                                           10'000'000'000,
                                           100'000'000'000,
                                           1'000'000'000'000,
                                           10'000'000'000'000,
                                           100'000'000'000'000,
                                           1'000'000'000'000'000,
                                           10'000'000'000'000'000,
                                           100'000'000'000'000'000,
                                           1'000'000'000'000'000'000};

char* put_unsigned(char* to, std::uint64_t value) { return std::to_chars(to, to + 20, value).ptr; }

/// Exactly `width` digits.
char* put_digits(char* to, std::uint64_t value, int width) {
    for (int i = width; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
    return to + width;
}

char* put_two(char* to, unsigned value) {
    to[0] = static_cast<char>('0' + value / 10);
    to[1] = static_cast<char>('0' + value % 10);
    return to + 2;
}

}  // namespace

char* put_int(char* to, std::int64_t value) { return std::to_chars(to, to + 21, value).ptr; }

char* put_decimal(char* to, std::int64_t value, int scale, bool trimmed) {
    if (value < 0) *to++ = '-';
    const auto magnitude = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    const auto power = powers_of_ten[scale];
    to = put_unsigned(to, magnitude / power);
    auto fraction = magnitude % power;
    if (trimmed) {
        if (fraction == 0) return to;
        for (; fraction % 10 == 0; fraction /= 10) --scale;
    }
    if (scale == 0) return to;
    *to++ = '.';
    return put_digits(to, fraction, scale);
}

char* put_float(char* to, double value) { return fmt::format_to(to, FMT_COMPILE("{}"), value); }

char* put_date(char* to, std::int64_t days) {
    // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    const std::int64_t z = days + 719'468;
    const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
    const auto doe = static_cast<unsigned>(z - era * 146'097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;
    const unsigned day = doy - (153 * mp + 2) / 5 + 1;
    const unsigned month = mp < 10 ? mp + 3 : mp - 9;
    std::int64_t year = static_cast<std::int64_t>(yoe) + era * 400 + (month <= 2 ? 1 : 0);
    if (year < 0) *to++ = '-', year = -year;
    to = year < 10'000 ? put_digits(to, static_cast<std::uint64_t>(year), 4) : put_unsigned(to, static_cast<std::uint64_t>(year));
    *to++ = '-';
    to = put_two(to, month);
    *to++ = '-';
    return put_two(to, day);
}

char* put_time(char* to, std::int64_t micros, int digits) {
    const auto seconds = static_cast<std::uint64_t>(micros / 1'000'000);
    auto fraction = static_cast<std::uint64_t>(micros % 1'000'000);
    to = put_two(to, static_cast<unsigned>(seconds / 3600));
    *to++ = ':';
    to = put_two(to, static_cast<unsigned>(seconds / 60 % 60));
    *to++ = ':';
    to = put_two(to, static_cast<unsigned>(seconds % 60));
    // None is lost: a value with more digits than the column usually has shows them.
    while (digits < 6 && fraction % powers_of_ten[6 - digits] != 0) ++digits;
    if (digits == 0) return to;
    *to++ = '.';
    return put_digits(to, fraction / powers_of_ten[6 - digits], digits);
}

char* put_timestamp(char* to, std::int64_t micros, bool utc, int digits, char mark) {
    std::int64_t days = micros / micros_per_day, rest = micros % micros_per_day;
    if (rest < 0) --days, rest += micros_per_day;
    to = put_date(to, days);
    *to++ = mark;
    to = put_time(to, rest, digits);
    if (utc) *to++ = 'Z';
    return to;
}

char* put_value(char* to, const Column& column, std::size_t row, const WriteColumn& how) {
    switch (column.type.type) {
        case Type::int64: return put_int(to, column.ints[row]);
        case Type::decimal: return put_decimal(to, column.ints[row], column.type.scale, how.trimmed);
        case Type::float64: return put_float(to, column.floats[row]);
        case Type::boolean: {
            const std::string_view word = column.ints[row] != 0 ? "true" : "false";
            std::memcpy(to, word.data(), word.size());
            return to + word.size();
        }
        case Type::date: return put_date(to, column.ints[row]);
        case Type::time: return put_time(to, column.ints[row], how.second_digits);
        case Type::timestamp: return put_timestamp(to, column.ints[row], column.type.utc, how.second_digits);
        default: return to;
    }
}

int significant_digits(std::int64_t value) {
    auto magnitude = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    while (magnitude != 0 && magnitude % 10 == 0) magnitude /= 10;
    int digits = 0;
    for (; magnitude != 0; magnitude /= 10) ++digits;
    return digits;
}

bool is_valid_utf8(const Column& column, std::size_t begin, std::size_t end) {
    if (begin == end) return true;
    const std::size_t from = begin == 0 ? 0 : column.ends[begin - 1], to = column.ends[end - 1];
    if (first_invalid_utf8(std::string_view{column.bytes}.substr(from, to - from)) != std::string_view::npos) return false;
    // All bytes together are valid; each text is when none begins inside a character.
    for (std::size_t row = begin; row + 1 < end; ++row) {
        const auto at = column.ends[row];
        if (at < to && (static_cast<unsigned char>(column.bytes[at]) & 0xc0) == 0x80) return false;
    }
    return true;
}

std::string with_valid_utf8(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto good = first_invalid_utf8(text);
        out += text.substr(0, good);
        if (good == std::string_view::npos) break;
        out += "\xef\xbf\xbd";
        text.remove_prefix(good + 1);
    }
    return out;
}

}  // namespace millrace::formats
