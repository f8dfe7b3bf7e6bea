#include "datasets/notation.hpp"

#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace millrace::datasets {

using formats::DataType;
using formats::Type;

namespace {

constexpr std::array<std::int64_t, 19> powers_of_ten = [] {
    std::array<std::int64_t, 19> powers{};
    std::int64_t power = 1;
    for (auto& p : powers) {
        p = power;
        if (power < 1'000'000'000'000'000'000) power *= 10;
    }
    return powers;
}();

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t micros_per_minute = 60 * micros_per_second;
constexpr std::int64_t micros_per_day = 24 * 60 * micros_per_minute;

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// At most 18 digits: no overflow. Stops at the first character that is none.
const char* read_digits(const char* at, const char* end, std::int64_t& value) {
    while (at < end && is_digit(*at)) value = value * 10 + (*at++ - '0');
    return at;
}

Parsed parse_int(std::string_view text, std::int64_t& value) {
    const char* at = text.data();
    const char* const end = at + text.size();
    const bool negative = at < end && *at == '-';
    at += negative ? 1 : 0;
    const auto digits = end - at;
    // Only canonical text: no plus, no leading zero, no "-0", at most 18 digits.
    if (digits < 1 || digits > 18 || (*at == '0' && (digits > 1 || negative))) return Parsed::no;
    std::int64_t number = 0;
    if (read_digits(at, end, number) != end) return Parsed::no;
    value = negative ? -number : number;
    return Parsed::exact;
}

Parsed parse_decimal(std::string_view text, const DataType& type, const Notation& notation, std::int64_t& value) {
    const char* at = text.data();
    const char* const end = at + text.size();
    if (text.size() > 21) return Parsed::no;
    const bool negative = at < end && *at == '-';
    at += negative ? 1 : 0;
    const char* const whole = at;
    while (at < end && is_digit(*at)) ++at;
    const auto whole_digits = at - whole;
    if (whole_digits > 1 && *whole == '0') return Parsed::no;
    if (whole_digits > type.precision - type.scale && !(whole_digits == 1 && *whole == '0')) return Parsed::no;
    std::int64_t number = 0;
    read_digits(whole, at, number);
    std::ptrdiff_t places = 0;
    if (at < end) {
        if (*at != '.') return Parsed::no;
        ++at;
        const char* const fraction = at;
        places = end - fraction;
        if (places < 1 || places > type.scale) return Parsed::no;
        if (read_digits(fraction, end, number) != end) return Parsed::no;
    } else if (whole_digits == 0) {
        return Parsed::no;
    }
    if (negative && number == 0 && places == 0) return Parsed::no;
    value = number * powers_of_ten[static_cast<std::size_t>(type.scale - places)];
    if (negative) value = -value;
    if (whole_digits == 0 || (negative && number == 0)) return Parsed::other;
    if (notation.number == Notation::Number::fixed) return places == type.scale ? Parsed::exact : Parsed::other;
    return places > 0 && end[-1] == '0' ? Parsed::other : Parsed::exact;
}

constexpr std::array<std::array<std::string_view, 2>, 3> boolean_words{
    {{"false", "true"}, {"False", "True"}, {"FALSE", "TRUE"}}};

Parsed parse_boolean(std::string_view text, const Notation& notation, std::int64_t& value) {
    const auto own = static_cast<std::size_t>(notation.letters);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& words = boolean_words[(own + i) % 3];
        if (text != words[0] && text != words[1]) continue;
        value = text == words[1] ? 1 : 0;
        return i == 0 ? Parsed::exact : Parsed::other;
    }
    return Parsed::no;
}

// Days since 1970 of a date of the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
constexpr std::int64_t days_of(int year, int month, int day) {
    const int y = month <= 2 ? year - 1 : year;
    const int era = (y >= 0 ? y : y - 399) / 400;
    const int year_of_era = y - era * 400;
    const int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return static_cast<std::int64_t>(era) * 146097 + day_of_era - 719468;
}

struct Date {
    int year = 0, month = 0, day = 0;
};

constexpr Date date_of(std::int64_t days) {
    days += 719468;
    const auto era = (days >= 0 ? days : days - 146096) / 146097;
    const auto day_of_era = static_cast<int>(days - era * 146097);
    const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int shifted = (5 * day_of_year + 2) / 153;
    const int month = shifted < 10 ? shifted + 3 : shifted - 9;
    return {static_cast<int>(year_of_era + era * 400) + (month <= 2 ? 1 : 0), month,
            day_of_year - (153 * shifted + 2) / 5 + 1};
}

bool is_date(const Date& date) {
    constexpr std::array<int, 13> lengths{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1) return false;
    const bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    return date.day <= lengths[static_cast<std::size_t>(date.month)] + (leap && date.month == 2 ? 1 : 0);
}

/// Exactly `count` digits; -1 when there are other characters.
int fixed_digits(const char* at, int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
        if (!is_digit(at[i])) return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/// Reads "yyyy-MM-dd" (with the mark) at the start of at least ten characters.
bool read_ymd(const char* at, char mark, std::int64_t& days) {
    const Date date{fixed_digits(at, 4), fixed_digits(at + 5, 2), fixed_digits(at + 8, 2)};
    if (at[4] != mark || at[7] != mark || !is_date(date)) return false;
    days = days_of(date.year, date.month, date.day);
    return true;
}

/// "d/M/yyyy" or "M/d/yyyy" with one or two digits.
Parsed parse_day_first(std::string_view text, const Notation& notation, std::int64_t& value) {
    if (text.size() < 8 || text.size() > 10) return Parsed::no;
    const char* at = text.data();
    std::array<int, 2> parts{};
    bool padded = true, short_part = false;
    for (auto& part : parts) {
        if (!is_digit(*at)) return Parsed::no;
        const bool two = is_digit(at[1]);
        part = fixed_digits(at, two ? 2 : 1);
        if (!two) padded = false;
        if (two && *at == '0') short_part = true;
        at += two ? 2 : 1;
        if (*at++ != notation.date_mark) return Parsed::no;
    }
    if (text.data() + text.size() - at != 4) return Parsed::no;
    const bool day_first = notation.order == Notation::Order::dmy;
    const Date date{fixed_digits(at, 4), day_first ? parts[1] : parts[0], day_first ? parts[0] : parts[1]};
    if (!is_date(date)) return Parsed::no;
    value = days_of(date.year, date.month, date.day);
    return (notation.padded ? padded : !short_part) ? Parsed::exact : Parsed::other;
}

Parsed parse_date(std::string_view text, const Notation& notation, std::int64_t& value) {
    if (notation.order != Notation::Order::ymd) return parse_day_first(text, notation, value);
    if (text.size() != 10 || !read_ymd(text.data(), notation.date_mark, value)) return Parsed::no;
    return Parsed::exact;
}

/// Reads "HH:mm[:ss[.fraction]]" and moves `at` behind it; `same` is cleared when the notation is another one.
bool read_time(const char*& at, const char* end, const Notation& notation, std::int64_t& micros, bool& same) {
    if (end - at < 5 || at[2] != ':') return false;
    const int hour = fixed_digits(at, 2), minute = fixed_digits(at + 3, 2);
    int second = 0;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return false;
    at += 5;
    const bool seconds = end - at >= 3 && *at == ':';
    std::int64_t fraction = 0;
    std::ptrdiff_t places = 0;
    if (seconds) {
        second = fixed_digits(at + 1, 2);
        if (second < 0 || second > 59) return false;
        at += 3;
        if (at < end && *at == '.') {
            const char* const first = ++at;
            while (at < end && at - first < 6 && is_digit(*at)) fraction = fraction * 10 + (*at++ - '0');
            places = at - first;
            if (places == 0) return false;
            fraction *= powers_of_ten[static_cast<std::size_t>(6 - places)];
        }
    }
    if (seconds != notation.seconds || places != notation.digits) same = false;
    micros = (hour * 60 + minute) * micros_per_minute + second * micros_per_second + fraction;
    return true;
}

Parsed parse_time(std::string_view text, const Notation& notation, std::int64_t& value) {
    const char* at = text.data();
    const char* const end = at + text.size();
    bool same = true;
    if (!read_time(at, end, notation, value, same) || at != end) return Parsed::no;
    return same ? Parsed::exact : Parsed::other;
}

/// Reads "Z", "+01:00", "+0100" or nothing. `zone` says whether one stood there.
bool read_zone(const char*& at, const char* end, bool& zone, const Notation& notation, int& offset, bool& same) {
    zone = at < end;
    if (!zone) return true;
    if (*at == 'Z') {
        if (!notation.zulu) same = false;
        ++at;
        return at == end;
    }
    if ((*at != '+' && *at != '-') || end - at != 6 || at[3] != ':') return false;
    const int hours = fixed_digits(at + 1, 2), minutes = fixed_digits(at + 4, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return false;
    offset = (hours * 60 + minutes) * (*at == '-' ? -1 : 1);
    // "-00:00" would be rendered with a plus.
    if (notation.zulu || offset != notation.offset || (offset == 0 && *at == '-')) same = false;
    at = end;
    return true;
}

Parsed parse_timestamp(std::string_view text, const DataType& type, const Notation& notation, std::int64_t& value) {
    if (text.size() < 16) return Parsed::no;
    const char* at = text.data();
    const char* const end = at + text.size();
    std::int64_t days = 0, micros = 0;
    bool same = true, zone = false;
    int offset = 0;
    if ((at[10] != 'T' && at[10] != ' ') || !read_ymd(at, '-', days)) return Parsed::no;
    if (at[10] != notation.time_mark) same = false;
    at += 11;
    if (!read_time(at, end, notation, micros, same)) return Parsed::no;
    if (!read_zone(at, end, zone, notation, offset, same) || zone != type.utc) return Parsed::no;
    value = days * micros_per_day + micros - offset * micros_per_minute;
    return same ? Parsed::exact : Parsed::other;
}

// --- floats ------------------------------------------------------------------------------------------------------

/// Is the text exactly what `digits`, letters and an exponent of two or more digits give? Then, as 15 digits survive
/// a double, rendering the value gives the text again.
bool is_scientific(std::string_view text, const Notation& notation) {
    const auto digits = static_cast<std::size_t>(notation.digits);
    const std::size_t sign = !text.empty() && text[0] == '-' ? 1 : 0;
    const auto mark = sign + 1 + (digits > 0 ? 1 + digits : 0);
    if (digits > 14 || text.size() < mark + 4 || text.size() > mark + 5) return false;
    if (text[mark] != (notation.letters == Notation::Letters::upper ? 'E' : 'e')) return false;
    if (text[mark + 1] != '+' && text[mark + 1] != '-') return false;
    if (!is_digit(text[sign]) || (digits > 0 && text[sign + 1] != '.')) return false;
    bool zero = text[sign] == '0';
    for (auto i = sign + 2; i < mark; ++i) {
        if (!is_digit(text[i])) return false;
        if (zero && text[i] != '0') return false;  // not normalised: "0.5e+01"
    }
    const auto exponent = text.substr(mark + 2);
    for (const char c : exponent) {
        if (!is_digit(c)) return false;
    }
    if (zero) return exponent == "00" && text[mark + 1] == '+';
    if (exponent == "00" && text[mark + 1] == '-') return false;
    // Three digits only when two do not hold it, and away from the ends of the range of doubles.
    return exponent.size() == 2 || (exponent[0] != '0' && exponent < "300");
}

/// Digits of the number before the exponent, and whether it is a whole number.
bool fits_double(std::string_view text) {
    int digits = 0;
    bool whole = true, leading = true;
    for (const char c : text) {
        if (c == 'e' || c == 'E') {
            whole = false;
            break;
        }
        if (c == '.') whole = false;
        if (!is_digit(c) || (leading && c == '0')) continue;
        leading = false;
        ++digits;
    }
    // 15 digits survive a double; 17 can be what a double was printed as, which a long whole number rarely is.
    return digits <= (whole ? 15 : 17);
}

/// "1.5", ".5", "-2"; not "+1", "007", "nan", "inf".
bool looks_like_number(std::string_view text) {
    std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
    if (text.size() < at + 1) return false;
    if (text[at] == '.') return text.size() > at + 1 && is_digit(text[at + 1]);
    return is_digit(text[at]) && !(text[at] == '0' && text.size() > at + 1 && is_digit(text[at + 1]));
}

}  // namespace

Parsed parse_float(std::string_view text, const Notation& notation, double& value) {
    const char* const end = text.data() + text.size();
    if (!looks_like_number(text) || end[-1] == '.' || text == "-0") return Parsed::no;
    const auto result = fast_float::from_chars(text.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end || !std::isfinite(value)) return Parsed::no;
    if (notation.number == Notation::Number::scientific && is_scientific(text, notation)) return Parsed::exact;
    if (text.size() > 15 && !fits_double(text)) return Parsed::no;
    if (notation.number == Notation::Number::scientific) return Parsed::other;
    std::string rendered;
    render_float(value, notation, rendered);
    return rendered == text ? Parsed::exact : Parsed::other;
}

Parsed parse(std::string_view text, const DataType& type, const Notation& notation, std::int64_t& value) {
    switch (type.type) {
        case Type::int64: return parse_int(text, value);
        case Type::decimal: return parse_decimal(text, type, notation, value);
        case Type::boolean: return parse_boolean(text, notation, value);
        case Type::date: return parse_date(text, notation, value);
        case Type::time: return parse_time(text, notation, value);
        case Type::timestamp: return parse_timestamp(text, type, notation, value);
        default: return Parsed::no;
    }
}

namespace {

template <class Value, class Parse>
RunResult run(const CellRun& cells, Value* values, CellState* states, Parse parse_one) {
    RunResult result;
    for (std::size_t i = 0; i < cells.count; ++i) {
        const auto& cell = cells[i];
        if (cell.size == 0) {
            values[i] = 0;
            states[i] = cell.quoted ? CellState::empty_text : CellState::null;
            result.noted += cell.quoted ? 1 : 0;
            continue;
        }
        const Parsed parsed = parse_one(cell.text(), values[i]);
        if (parsed == Parsed::no) {
            result.read = i;
            return result;
        }
        states[i] = parsed == Parsed::exact ? CellState::exact : CellState::other;
        result.noted += parsed == Parsed::exact ? 0 : 1;
    }
    result.read = cells.count;
    return result;
}

}  // namespace

RunResult parse_run(const CellRun& cells, const DataType& type, const Notation& notation, std::int64_t* values,
                    CellState* states) {
    using Text = std::string_view;
    // One loop per type, so that each parser is inlined into its own.
    const DataType t = type;
    const Notation n = notation;
    switch (type.type) {
        case Type::int64:
            return run(cells, values, states, [](Text text, std::int64_t& v) { return parse_int(text, v); });
        case Type::decimal:
            return run(cells, values, states, [&](Text text, std::int64_t& v) { return parse_decimal(text, t, n, v); });
        case Type::boolean:
            return run(cells, values, states, [&](Text text, std::int64_t& v) { return parse_boolean(text, n, v); });
        case Type::date:
            return run(cells, values, states, [&](Text text, std::int64_t& v) { return parse_date(text, n, v); });
        case Type::time:
            return run(cells, values, states, [&](Text text, std::int64_t& v) { return parse_time(text, n, v); });
        case Type::timestamp:
            return run(cells, values, states,
                       [&](Text text, std::int64_t& v) { return parse_timestamp(text, t, n, v); });
        default: return {};
    }
}

RunResult parse_run(const CellRun& cells, const Notation& notation, double* values, CellState* states) {
    const Notation n = notation;
    return run(cells, values, states, [&](std::string_view text, double& v) { return parse_float(text, n, v); });
}

namespace {

void append_padded(std::string& out, std::int64_t value, int width) {
    std::array<char, 20> digits;
    auto at = digits.size();
    do {
        digits[--at] = static_cast<char>('0' + value % 10);
        value /= 10;
        --width;
    } while (value > 0 || width > 0);
    out.append(digits.data() + at, digits.size() - at);
}

void render_decimal(std::int64_t value, const DataType& type, const Notation& notation, std::string& out) {
    if (value < 0) out += '-';
    const auto magnitude = value < 0 ? -value : value;
    const auto power = powers_of_ten[type.scale];
    append_padded(out, magnitude / power, 1);
    auto fraction = magnitude % power;
    int places = type.scale;
    if (notation.number == Notation::Number::trimmed) {
        if (fraction == 0) return;
        for (; fraction % 10 == 0; fraction /= 10) --places;
    }
    if (places == 0) return;
    out += '.';
    append_padded(out, fraction, places);
}

void render_date(std::int64_t days, const Notation& notation, std::string& out) {
    const auto date = date_of(days);
    const int width = notation.padded ? 2 : 1;
    if (notation.order == Notation::Order::ymd) {
        append_padded(out, date.year, 4);
        out += notation.date_mark;
        append_padded(out, date.month, 2);
        out += notation.date_mark;
        append_padded(out, date.day, 2);
        return;
    }
    const bool day_first = notation.order == Notation::Order::dmy;
    append_padded(out, day_first ? date.day : date.month, width);
    out += notation.date_mark;
    append_padded(out, day_first ? date.month : date.day, width);
    out += notation.date_mark;
    append_padded(out, date.year, 4);
}

void render_time(std::int64_t micros, const Notation& notation, std::string& out) {
    const auto minutes = micros / micros_per_minute;
    append_padded(out, minutes / 60, 2);
    out += ':';
    append_padded(out, minutes % 60, 2);
    if (!notation.seconds) return;
    out += ':';
    append_padded(out, micros / micros_per_second % 60, 2);
    if (notation.digits == 0) return;
    out += '.';
    append_padded(out, micros % micros_per_second / powers_of_ten[6u - notation.digits], notation.digits);
}

void render_timestamp(std::int64_t micros, const DataType& type, const Notation& notation, std::string& out) {
    const int offset = type.utc && !notation.zulu ? notation.offset : 0;
    micros += offset * micros_per_minute;
    auto days = micros / micros_per_day, rest = micros % micros_per_day;
    if (rest < 0) {
        rest += micros_per_day;
        --days;
    }
    render_date(days, Notation{}, out);
    out += notation.time_mark;
    render_time(rest, notation, out);
    if (!type.utc) return;
    if (notation.zulu) {
        out += 'Z';
        return;
    }
    out += offset < 0 ? '-' : '+';
    append_padded(out, std::abs(offset) / 60, 2);
    out += ':';
    append_padded(out, std::abs(offset) % 60, 2);
}

}  // namespace

void render(std::int64_t value, const DataType& type, const Notation& notation, std::string& out) {
    switch (type.type) {
        case Type::decimal: return render_decimal(value, type, notation, out);
        case Type::boolean:
            out += boolean_words[static_cast<std::size_t>(notation.letters)][value != 0 ? 1 : 0];
            return;
        case Type::date: return render_date(value, notation, out);
        case Type::time: return render_time(value, notation, out);
        case Type::timestamp: return render_timestamp(value, type, notation, out);
        default: fmt::format_to(std::back_inserter(out), "{}", value);
    }
}

void render_float(double value, const Notation& notation, std::string& out) {
    std::array<char, 64> buffer;
    char* const first = buffer.data();
    char* const last = first + buffer.size();
    const auto start = out.size();
    const double magnitude = std::abs(value);
    const bool fixed = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
    if (notation.number == Notation::Number::scientific) {
        out.append(first, std::to_chars(first, last, value, std::chars_format::scientific, notation.digits).ptr);
    } else {
        // The limits are those of Python, R and C#, from where such files come.
        const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
        out.append(first, std::to_chars(first, last, value, format).ptr);
        const bool whole = fixed && out.find('.', start) == std::string::npos;
        if (whole && notation.number == Notation::Number::repr) out += ".0";
    }
    if (notation.letters != Notation::Letters::upper) return;
    if (const auto mark = out.find('e', start); mark != std::string::npos) out[mark] = 'E';
}

void render(const formats::Column& column, std::size_t row, const Notation& notation, std::string& out) {
    if (column.type.is_text()) out += column.text(row);
    else if (column.type.is_float()) render_float(column.floats[row], notation, out);
    else render(column.ints[row], column.type, notation, out);
}

// --- patterns ----------------------------------------------------------------------------------------------------

namespace {

std::string time_pattern(const Notation& notation) {
    std::string out = notation.seconds ? "HH:mm:ss" : "HH:mm";
    if (notation.digits > 0) out += '.' + std::string(notation.digits, 'S');
    return out;
}

std::string date_pattern(const Notation& notation) {
    const std::string mark(1, notation.date_mark), day = notation.padded ? "dd" : "d", month = notation.padded ? "MM" : "M";
    if (notation.order == Notation::Order::ymd) return "yyyy" + mark + "MM" + mark + "dd";
    return (notation.order == Notation::Order::dmy ? day + mark + month : month + mark + day) + mark + "yyyy";
}

std::string number_pattern(const DataType& type, const Notation& notation) {
    const std::string zeros(notation.digits, '0');
    const char exponent = notation.letters == Notation::Letters::upper ? 'E' : 'e';
    switch (notation.number) {
        case Notation::Number::fixed: return type.scale == 0 ? "0" : "0." + std::string(type.scale, '0');
        case Notation::Number::trimmed: return type.scale == 0 ? "0" : "0." + std::string(type.scale, '#');
        case Notation::Number::scientific: return (zeros.empty() ? "0" : "0." + zeros) + exponent + "+00";
        case Notation::Number::repr: return exponent == 'E' ? "REPR" : "repr";
        default: return exponent == 'E' ? "SHORTEST" : "shortest";
    }
}

std::string offset_pattern(const Notation& notation) {
    if (notation.zulu) return "Z";
    return fmt::format("{}{:02}:{:02}", notation.offset < 0 ? '-' : '+', std::abs(notation.offset) / 60,
                       std::abs(notation.offset) % 60);
}

bool take_date(std::string_view pattern, Notation& notation) {
    for (const char mark : {'-', '/', '.'}) {
        for (const auto order : {Notation::Order::ymd, Notation::Order::dmy, Notation::Order::mdy}) {
            for (const bool padded : {true, false}) {
                notation.date_mark = mark;
                notation.order = order;
                notation.padded = padded;
                if (date_pattern(notation) == pattern) return true;
            }
        }
    }
    return false;
}

bool take_time(std::string_view& pattern, Notation& notation) {
    for (const bool seconds : {true, false}) {
        for (int digits = seconds ? 6 : 0; digits >= 0; --digits) {
            notation.seconds = seconds;
            notation.digits = static_cast<std::uint8_t>(digits);
            const auto own = time_pattern(notation);
            if (!pattern.starts_with(own)) continue;
            pattern.remove_prefix(own.size());
            return true;
        }
    }
    return false;
}

bool take_timestamp(std::string_view pattern, const DataType& type, Notation& notation) {
    if (!pattern.starts_with("yyyy-MM-dd") || pattern.size() < 11) return false;
    notation.time_mark = pattern[10];
    pattern.remove_prefix(11);
    if ((notation.time_mark != 'T' && notation.time_mark != ' ') || !take_time(pattern, notation)) return false;
    if (!type.utc || pattern == "Z") return pattern == (type.utc ? "Z" : "");
    bool zone = false, same = true;
    int offset = 0;
    const char* at = pattern.data();
    if (!read_zone(at, at + pattern.size(), zone, notation, offset, same) || !zone) return false;
    notation.zulu = false;
    notation.offset = static_cast<std::int16_t>(offset);
    return true;
}

bool take_number(std::string_view pattern, const DataType& type, Notation& notation) {
    using enum Notation::Number;
    for (const auto number : {fixed, trimmed, shortest, repr}) {
        for (const auto letters : {Notation::Letters::lower, Notation::Letters::upper}) {
            notation.number = number;
            notation.letters = letters;
            const bool fits = (number == shortest || number == repr) == type.is_float();
            if (fits && number_pattern(type, notation) == pattern) return true;
        }
    }
    notation.number = scientific;
    for (int digits = 0; digits < 15 && type.is_float(); ++digits) {
        notation.digits = static_cast<std::uint8_t>(digits);
        for (const auto letters : {Notation::Letters::lower, Notation::Letters::upper}) {
            notation.letters = letters;
            if (number_pattern(type, notation) == pattern) return true;
        }
    }
    return false;
}

bool take_word(std::string_view pattern, Notation& notation) {
    for (std::size_t i = 0; i < boolean_words.size(); ++i) {
        notation.letters = static_cast<Notation::Letters>(i);
        if (boolean_words[i][1] == pattern) return true;
    }
    return false;
}

}  // namespace

std::string to_pattern(const DataType& type, const Notation& notation) {
    switch (type.type) {
        case Type::decimal:
        case Type::float64: return number_pattern(type, notation);
        case Type::boolean: return std::string{boolean_words[static_cast<std::size_t>(notation.letters)][1]};
        case Type::date: return date_pattern(notation);
        case Type::time: return time_pattern(notation);
        case Type::timestamp:
            return "yyyy-MM-dd" + std::string(1, notation.time_mark) + time_pattern(notation) +
                   (type.utc ? offset_pattern(notation) : "");
        default: return "";
    }
}

std::optional<Notation> from_pattern(const DataType& type, std::string_view pattern) {
    Notation notation;
    bool known = false;
    switch (type.type) {
        case Type::decimal:
        case Type::float64: known = take_number(pattern, type, notation); break;
        case Type::boolean: known = take_word(pattern, notation); break;
        case Type::date: known = take_date(pattern, notation); break;
        case Type::time: known = take_time(pattern, notation) && pattern.empty(); break;
        case Type::timestamp: known = take_timestamp(pattern, type, notation); break;
        default: known = pattern.empty();
    }
    if (!known) return std::nullopt;
    return notation;
}

}  // namespace millrace::datasets
