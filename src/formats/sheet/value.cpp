#include "formats/sheet/value.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iterator>

namespace millrace::formats::sheet {
namespace {

constexpr int digits_max = 15;
constexpr std::size_t whole_digits_max = 18;
constexpr std::int64_t day_ms = 86'400'000;
constexpr double serial_max = 2'958'466;  ///< 1 January 10000

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Is it written as append_number would write it?
bool is_plain(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    if (text.empty() || !is_digit(text[0]) || (text[0] == '0' && text.size() > 1 && text[1] != '.')) return false;
    std::size_t at = 0;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == text.size()) return at <= whole_digits_max && text != "0";
    if (text[at] != '.' || at + 1 == text.size() || text.back() == '0') return false;
    for (auto i = at + 1; i < text.size(); ++i) {
        if (!is_digit(text[i])) return false;
    }
    return text.size() - 1 <= digits_max;
}

/// Digits d1 d2 d3... of d1.d2d3 * 10^exponent as a plain number, or with an exponent where that would be long.
void append_digits(std::string& out, std::string_view digits, int exponent) {
    const auto count = static_cast<int>(digits.size());
    if (exponent < -7 || exponent > 20) {
        out += digits[0];
        if (count > 1) out.append(".").append(digits.substr(1));
        fmt::format_to(std::back_inserter(out), "e{}", exponent);
    } else if (exponent < 0) {
        out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    } else if (count <= exponent + 1) {
        out.append(digits).append(static_cast<std::size_t>(exponent + 1 - count), '0');
    } else {
        const auto whole = static_cast<std::size_t>(exponent) + 1;
        out.append(digits.substr(0, whole)).append(".").append(digits.substr(whole));
    }
}

struct Letters {
    bool date = false;     ///< y, d
    bool time = false;     ///< h, s
    bool month = false;    ///< m: minutes beside hours or seconds, else months
    bool elapsed = false;  ///< [h], [m], [s]
};

Letters letters_of(std::string_view code) {
    Letters found;
    for (std::size_t i = 0; i < code.size() && code[i] != ';'; ++i) {
        switch (lower(code[i])) {
            case '"':
                i = std::min(code.find('"', i + 1), code.size());
                break;
            case '\\':
            case '_':
            case '*':
                ++i;
                break;
            case '[': {
                const auto close = std::min(code.find(']', i), code.size());
                const auto inside = code.substr(i + 1, close - i - 1);
                const char first = inside.empty() ? ' ' : lower(inside[0]);
                const bool same = inside.find_first_not_of(std::string{first, static_cast<char>(first - 32)}) == inside.npos;
                found.elapsed = found.elapsed || (same && (first == 'h' || first == 'm' || first == 's'));
                i = close;
                break;
            }
            case 'y':
            case 'd':
                found.date = true;
                break;
            case 'h':
            case 's':
                found.time = true;
                break;
            case 'm':
                found.month = true;
                break;
            default:
                break;
        }
    }
    return found;
}

void append_time(std::string& out, std::int64_t ms) {
    fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60);
    if (ms % 1000 != 0) fmt::format_to(std::back_inserter(out), ".{:03}", ms % 1000);
}

void append_date(std::string& out, std::int64_t day, Epoch epoch) {
    using namespace std::chrono;
    if (epoch == Epoch::from_1900 && day == 60) {
        out += "1900-02-29";
        return;
    }
    constexpr sys_days start_1904 = 1904y / January / 1, start_1900 = 1899y / December / 31;
    const auto start = epoch == Epoch::from_1904 ? start_1904 : day > 60 ? start_1900 - days{1} : start_1900;
    const year_month_day date{start + days{day}};
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                   static_cast<unsigned>(date.day()));
}

}  // namespace

Shown shown_by(std::string_view format_code) {
    constexpr std::string_view general = "general";
    if (format_code.size() >= general.size()) {
        bool is_general = true;
        for (std::size_t i = 0; i < general.size(); ++i) is_general = is_general && lower(format_code[i]) == general[i];
        if (is_general) return Shown::number;
    }
    const auto found = letters_of(format_code);
    const bool date = found.date || (found.month && !found.time && !found.elapsed);
    if (date) return found.time ? Shown::timestamp : Shown::date;
    if (found.elapsed) return Shown::elapsed;
    return found.time ? Shown::time : Shown::number;
}

Shown shown_by(std::uint32_t id) {
    const auto within = [id](std::uint32_t from, std::uint32_t to) { return id >= from && id <= to; };
    if (within(14, 17) || within(27, 31) || id == 36 || within(50, 54) || within(57, 58)) return Shown::date;
    if (within(18, 21) || within(32, 35) || id == 45 || id == 47 || within(55, 56)) return Shown::time;
    if (id == 22) return Shown::timestamp;
    return id == 46 ? Shown::elapsed : Shown::number;
}

void append_number(std::string& out, std::string_view text) {
    if (text == "0" || is_plain(text)) {
        out += text;
        return;
    }
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) out += text;
    else append_number(out, value);
}

void append_number(std::string& out, double value) {
    if (!std::isfinite(value) || value == 0) {
        out += value == 0 ? "0" : "#NUM!";
        return;
    }
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value), std::chars_format::scientific, digits_max - 1).ptr;
    const std::string_view text{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    const auto e = text.find('e');
    std::array<char, digits_max> digits;
    std::size_t count = 0;
    for (const char c : text.substr(0, e)) {
        if (c != '.') digits[count++] = c;
    }
    while (count > 1 && digits[count - 1] == '0') --count;
    int exponent = 0;
    const auto power = text.substr(e + (text[e + 1] == '+' ? 2 : 1));
    std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (value < 0) out += '-';
    append_digits(out, {digits.data(), count}, exponent);
}

void append_moment(std::string& out, double serial, Shown shown, Epoch epoch) {
    if (!(serial >= 0 && serial < serial_max) || shown == Shown::number) return append_number(out, serial);
    const auto ms = std::llround(serial * static_cast<double>(day_ms));
    const auto day = ms / day_ms;
    const auto rest = ms % day_ms;
    const bool is_date = day > 0 || epoch == Epoch::from_1904;
    switch (shown) {
        case Shown::elapsed:
            return append_time(out, ms);
        case Shown::time:
            if (day == 0) return append_time(out, rest);
            break;
        case Shown::date:
            if (!is_date) return append_number(out, serial);
            if (rest == 0) return append_date(out, day, epoch);
            break;
        case Shown::timestamp:
            if (!is_date) return append_time(out, rest);
            break;
        case Shown::number:
            break;
    }
    append_date(out, day, epoch);
    out += 'T';
    append_time(out, rest);
}

}  // namespace millrace::formats::sheet
