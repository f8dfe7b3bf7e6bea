#include "base/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace millrace {
namespace {

using namespace std::chrono;

/// Reads exactly `digits` digits at `at`; nothing otherwise.
std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

}  // namespace

std::string to_rfc3339(Instant instant) {
    const auto day = floor<days>(instant);
    const year_month_day date{day};
    const hh_mm_ss time{floor<milliseconds>(instant - day)};
    std::string out = "0000-00-00T00:00:00.000Z";
    const auto put = [&](std::size_t last, long number) {
        for (; number > 0; number /= 10) out[last--] = static_cast<char>('0' + number % 10);
    };
    put(3, std::clamp(static_cast<int>(date.year()), 0, 9999));
    put(6, static_cast<unsigned>(date.month()));
    put(9, static_cast<unsigned>(date.day()));
    put(12, time.hours().count());
    put(15, time.minutes().count());
    put(18, time.seconds().count());
    put(22, time.subseconds().count());
    return out;
}

std::optional<Instant> from_rfc3339(std::string_view text) {
    const auto y = number(text, 0, 4), mo = number(text, 5, 2), d = number(text, 8, 2);
    const auto h = number(text, 11, 2), mi = number(text, 14, 2), s = number(text, 17, 2);
    if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return std::nullopt;
    if (text[13] != ':' || text[16] != ':') return std::nullopt;
    const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
    if (!date.ok() || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
    std::size_t at = 19;
    std::int64_t micros = 0;
    if (at < text.size() && text[at] == '.') {
        std::int64_t unit = 100000;
        std::size_t digits = 0;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
            micros += (text[at] - '0') * unit;
            unit /= 10;
        }
        if (digits == 0 || digits > 9) return std::nullopt;
    }
    Instant instant = sys_days{date} + hours{*h} + minutes{*mi} + seconds{*s} + microseconds{micros};
    if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) return instant;
    const auto oh = number(text, at + 1, 2), om = number(text, at + 4, 2);
    if (at + 6 != text.size() || !oh || !om || text[at + 3] != ':' || *oh > 23 || *om > 59) return std::nullopt;
    const auto offset = hours{*oh} + minutes{*om};
    if (text[at] == '+') return instant - offset;
    if (text[at] == '-') return instant + offset;
    return std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value < 0 || value > 1e9) return std::nullopt;
    const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    const auto in = [&](double micros) { return Duration{static_cast<std::int64_t>(value * micros)}; };
    if (unit == "us") return in(1);
    if (unit == "ms") return in(1e3);
    if (unit == "s" || unit.empty()) return in(1e6);
    if (unit == "m") return in(60e6);
    if (unit == "h") return in(3600e6);
    if (unit == "d") return in(86400e6);
    return std::nullopt;
}

std::string to_string(Duration duration) {
    const auto us = duration.count();
    if (us % 1000 != 0) return fmt::format("{}us", us);
    if (us % 1'000'000 != 0) return fmt::format("{}ms", us / 1000);
    return fmt::format("{}s", us / 1'000'000);
}

}  // namespace millrace
