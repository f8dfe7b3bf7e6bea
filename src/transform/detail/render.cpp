#include "transform/detail/render.hpp"

#include <fmt/format.h>

#include "transform/calendar.hpp"
#include "transform/decimal.hpp"

namespace millrace::transform {
namespace {

void append_number(std::string& out, std::int64_t value, int width) { fmt::format_to(std::back_inserter(out), "{:0{}}", value, width); }

void append_date(std::string& out, std::int64_t days) {
    const auto date = date_of(days);
    append_number(out, date.year, 4);
    out += '-';
    append_number(out, date.month, 2);
    out += '-';
    append_number(out, date.day, 2);
}

void append_time(std::string& out, std::int64_t micros) {
    const auto seconds = micros / micros_per_second, fraction = micros % micros_per_second;
    fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (fraction == 0) return;
    auto digits = fmt::format(".{:06}", fraction);
    while (digits.ends_with('0')) digits.pop_back();
    out += digits;
}

}  // namespace

void append_duration(std::string& out, std::int64_t micros) {
    if (micros < 0) out += '-';
    auto rest = micros < 0 ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
    const auto days = rest / static_cast<std::uint64_t>(micros_per_day);
    rest %= static_cast<std::uint64_t>(micros_per_day);
    out += 'P';
    if (days > 0) fmt::format_to(std::back_inserter(out), "{}D", days);
    if (rest == 0) {
        if (days == 0) out += "T0S";
        return;
    }
    out += 'T';
    const auto seconds = rest / 1'000'000, fraction = rest % 1'000'000;
    if (seconds >= 3600) fmt::format_to(std::back_inserter(out), "{}H", seconds / 3600);
    if (seconds / 60 % 60 > 0) fmt::format_to(std::back_inserter(out), "{}M", seconds / 60 % 60);
    if (fraction > 0) fmt::format_to(std::back_inserter(out), "{}.{:06}S", seconds % 60, fraction);
    else if (seconds % 60 > 0) fmt::format_to(std::back_inserter(out), "{}S", seconds % 60);
}

void append_value(std::string& out, const Vector& vector, std::size_t row) {
    switch (vector.type.kind) {
        case Kind::nothing: break;
        case Kind::text:
        case Kind::json:
        case Kind::list: out += vector.texts[row]; break;
        case Kind::int64: fmt::format_to(std::back_inserter(out), "{}", vector.ints[row]); break;
        case Kind::decimal: append_decimal(out, vector.decimals[row], vector.type.scale, false); break;
        case Kind::float64: fmt::format_to(std::back_inserter(out), "{}", vector.floats[row]); break;
        case Kind::boolean: out += vector.ints[row] != 0 ? "true" : "false"; break;
        case Kind::date: append_date(out, vector.ints[row]); break;
        case Kind::time: append_time(out, vector.ints[row]); break;
        case Kind::timestamp: {
            auto days = vector.ints[row] / micros_per_day, rest = vector.ints[row] % micros_per_day;
            if (rest < 0) --days, rest += micros_per_day;
            append_date(out, days);
            out += 'T';
            append_time(out, rest);
            if (vector.type.utc) out += 'Z';
            break;
        }
        case Kind::duration: append_duration(out, vector.ints[row]); break;
    }
}

std::string text_of(const Vector& vector, std::size_t row) {
    std::string out;
    append_value(out, vector, row);
    return out;
}

}  // namespace millrace::transform
