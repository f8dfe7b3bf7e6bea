#include "transform/calendar.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace millrace::transform {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Names by which months go, without regard to case; the longest ones first, so that "juni" is not taken for "jun".
struct MonthName {
    std::string_view name;
    unsigned month;
};
constexpr MonthName month_names[] = {
    {"september", 9}, {"septiembre", 9}, {"septembre", 9}, {"noviembre", 11}, {"diciembre", 12}, {"february", 2}, {"februari", 2}, {"november", 11},
    {"novembre", 11}, {"december", 12}, {"dezember", 12}, {"d\u00e9cembre", 12}, {"f\u00e9vrier", 2}, {"janvier", 1}, {"januari", 1}, {"january", 1}, {"februar", 2},
    {"febrero", 2}, {"octubre", 10}, {"october", 10}, {"oktober", 10}, {"octobre", 10}, {"juillet", 7}, {"januar", 1}, {"agosto", 8}, {"august", 8},
    {"augustus", 8}, {"m\u00e4rz", 3}, {"maart", 3}, {"march", 3}, {"marzo", 3}, {"april", 4}, {"avril", 4}, {"abril", 4}, {"enero", 1}, {"junio", 6}, {"julio", 7},
    {"juni", 6}, {"june", 6}, {"juin", 6}, {"juli", 7}, {"july", 7}, {"ao\u00fbt", 8}, {"mars", 3}, {"mayo", 5}, {"mei", 5}, {"mai", 5}, {"may", 5},
    {"sept", 9}, {"jan", 1}, {"feb", 2}, {"mar", 3}, {"mrt", 3}, {"apr", 4}, {"jun", 6}, {"jul", 7}, {"aug", 8}, {"sep", 9}, {"oct", 10}, {"okt", 10},
    {"nov", 11}, {"dec", 12}, {"dez", 12}, {"dic", 12}, {"ene", 1}, {"abr", 4}, {"ago", 8},
};
constexpr std::string_view english[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};

bool starts_with_name(std::string_view text, std::string_view name) {
    if (text.size() < name.size()) return false;
    return std::equal(name.begin(), name.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

/// Reads `min` to `max` digits; null when there are fewer.
const char* read_number(const char* at, const char* end, int min, int max, std::int64_t& value) {
    value = 0;
    int count = 0;
    for (; at < end && count < max && is_digit(*at); ++at, ++count) value = value * 10 + (*at - '0');
    return count < min ? nullptr : at;
}

void append_number(std::string& out, std::int64_t value, int width) {
    const auto text = std::to_string(value);
    out.append(static_cast<std::size_t>(std::max(0, width - static_cast<int>(text.size()))), '0');
    out += text;
}

bool is_mark(char c) { return c == '-' || c == '/' || c == '.' || c == ' '; }

/// Three numbers between two equal marks.
bool read_three(std::string_view text, std::array<std::int64_t, 3>& numbers, std::array<int, 3>& digits) {
    const char* at = text.data();
    const char* const end = at + text.size();
    char mark = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        if (i > 0) {
            if (at == end || !is_mark(*at) || (mark != 0 && *at != mark)) return false;
            mark = *at++;
        }
        const char* const begin = at;
        at = read_number(at, end, 1, 4, numbers[i]);
        if (!at) return false;
        digits[i] = static_cast<int>(at - begin);
    }
    return at == end;
}

DateFault to_days(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t& days) {
    const Date date{year, static_cast<unsigned>(month), static_cast<unsigned>(day)};
    if (!is_date(date)) return DateFault::impossible_date;
    days = days_of(date);
    return DateFault::none;
}

}  // namespace

std::int64_t days_of(const Date& date) {
    // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    const auto y = date.year - (date.month <= 2 ? 1 : 0);
    const auto era = (y >= 0 ? y : y - 399) / 400;
    const auto yoe = static_cast<unsigned>(y - era * 400);
    const unsigned doy = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
    const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146'097 + static_cast<std::int64_t>(doe) - 719'468;
}

Date date_of(std::int64_t days) {
    // Source: the same, civil_from_days.
    const auto z = days + 719'468;
    const auto era = (z >= 0 ? z : z - 146'096) / 146'097;
    const auto doe = static_cast<unsigned>(z - era * 146'097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;
    const unsigned month = mp < 10 ? mp + 3 : mp - 9;
    return {static_cast<std::int64_t>(yoe) + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1};
}

unsigned days_in_month(std::int64_t year, unsigned month) {
    constexpr unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool is_date(const Date& date) {
    return date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

bool is_day(std::int64_t days) { return days >= -719'162 && days <= 2'932'896; }

Result<DatePattern> DatePattern::compile(std::string_view pattern) {
    const auto refuse = [&](std::string why) {
        return std::unexpected(Error{Code::invalid_parameter, {{"name", "pattern"}, {"why", std::move(why)}}});
    };
    struct Word {
        std::string_view letters;
        Part part;
        std::uint8_t width;
    };
    constexpr Word words[] = {{"yyyy", Part::year, 4}, {"yy", Part::short_year, 2}, {"MMMM", Part::month_name, 0}, {"MMM", Part::short_month_name, 0},
                              {"MM", Part::month, 2}, {"M", Part::month, 1}, {"dd", Part::day, 2}, {"d", Part::day, 1}, {"HH", Part::hour, 2},
                              {"H", Part::hour, 1}, {"hh", Part::half_hour, 2}, {"h", Part::half_hour, 1}, {"mm", Part::minute, 2},
                              {"ss", Part::second, 2}, {"a", Part::half, 0}, {"XXX", Part::offset, 0}};
    DatePattern made;
    unsigned seen = 0;
    const auto literal = [&](std::string_view text) {
        if (made.tokens_.empty() || made.tokens_.back().part != Part::literal) made.tokens_.push_back({Part::literal, 0, {}});
        made.tokens_.back().literal += text;
    };
    for (std::size_t at = 0; at < pattern.size();) {
        const char c = pattern[at];
        if (c == '\'') {
            const auto close = pattern.find('\'', at + 1);
            if (close == pattern.npos) return refuse("an apostrophe is not closed");
            literal(close == at + 1 ? "'" : pattern.substr(at + 1, close - at - 1));
            at = close + 1;
            continue;
        }
        if (!is_letter(c) || c == 'T' || c == 'Z') {  // T and Z as in ISO 8601 need no apostrophes
            literal(pattern.substr(at++, 1));
            if (c == 'Z') made.has_offset_ = true;
            continue;
        }
        const auto length = std::min(pattern.find_first_not_of(c, at), pattern.size()) - at;
        const auto letters = pattern.substr(at, length);
        at += length;
        Token token{Part::literal, 0, {}};
        if (c == 'S' && length <= 9) {
            token = {Part::fraction, static_cast<std::uint8_t>(length), {}};
        } else {
            const auto* word = std::ranges::find(words, letters, &Word::letters);
            if (word == std::end(words)) return refuse("\"" + std::string{letters} + "\" means nothing in a date pattern");
            token = {word->part, word->width, {}};
        }
        auto kind = static_cast<unsigned>(token.part);
        if (token.part == Part::short_year) kind = static_cast<unsigned>(Part::year);
        if (token.part == Part::month_name || token.part == Part::short_month_name) kind = static_cast<unsigned>(Part::month);
        if (token.part == Part::half_hour) kind = static_cast<unsigned>(Part::hour);
        if (seen & (1u << kind)) return refuse("\"" + std::string{letters} + "\" says something for the second time");
        seen |= 1u << kind;
        made.tokens_.push_back(std::move(token));
    }
    const auto has = [&](Part part) { return (seen & (1u << static_cast<unsigned>(part))) != 0; };
    made.has_date_ = has(Part::year) && has(Part::month) && has(Part::day);
    made.has_time_ = has(Part::hour);
    made.has_offset_ = made.has_offset_ || has(Part::offset);
    if (!made.has_date_ && (has(Part::year) || has(Part::month) || has(Part::day))) return refuse("a date needs year, month and day");
    if (!made.has_date_ && !made.has_time_) return refuse("it says neither a date nor a time");
    return made;
}

const char* DatePattern::read(const Token& token, const char* at, const char* end, Date& date, Moment& moment, int& half) const {
    std::int64_t number = 0;
    const auto digits = [&](int min, int max) { return at = read_number(at, end, min, max, number); };
    const int width = token.width;
    switch (token.part) {
        case Part::literal:
            if (static_cast<std::size_t>(end - at) < token.literal.size() || !std::equal(token.literal.begin(), token.literal.end(), at)) return nullptr;
            return at + token.literal.size();
        case Part::year:
            if (digits(4, 4)) date.year = number;
            return at;
        case Part::short_year:
            if (digits(2, 2)) date.year = number + (number < 70 ? 2000 : 1900);
            return at;
        case Part::month:
            if (digits(width, 2)) date.month = static_cast<unsigned>(number);
            return at;
        case Part::month_name:
        case Part::short_month_name:
            for (const auto& name : month_names) {
                if (!starts_with_name({at, static_cast<std::size_t>(end - at)}, name.name)) continue;
                date.month = name.month;
                at += name.name.size();
                return at < end && *at == '.' && token.part == Part::short_month_name ? at + 1 : at;
            }
            return nullptr;
        case Part::day:
            if (digits(width, 2)) date.day = static_cast<unsigned>(number);
            return at;
        case Part::hour:
        case Part::half_hour:
            if (!digits(width, 2) || number > (token.part == Part::hour ? 23 : 12)) return nullptr;
            moment.micros += number * 3600 * micros_per_second;
            return at;
        case Part::minute:
            if (!digits(2, 2) || number > 59) return nullptr;
            moment.micros += number * 60 * micros_per_second;
            return at;
        case Part::second:
            if (!digits(2, 2) || number > 59) return nullptr;
            moment.micros += number * micros_per_second;
            return at;
        case Part::fraction: {
            const char* const begin = at;
            if (!digits(width == 1 ? 1 : width, width == 1 ? 9 : width)) return nullptr;
            auto count = at - begin;
            for (; count < 6; ++count) number *= 10;
            for (; count > 6; --count) number /= 10;
            moment.micros += number;
            return at;
        }
        case Part::half:
            if (end - at < 2 || lower(at[1]) != 'm' || (lower(at[0]) != 'a' && lower(at[0]) != 'p')) return nullptr;
            half = lower(at[0]) == 'a' ? 1 : 2;
            return at + 2;
        case Part::offset: {
            if (at < end && *at == 'Z') {
                moment.offset_minutes = 0;
                return at + 1;
            }
            if (at == end || (*at != '+' && *at != '-')) return nullptr;
            const int sign = *at++ == '-' ? -1 : 1;
            if (!digits(2, 2) || number > 18) return nullptr;
            const auto hours = number;
            if (at < end && *at == ':') ++at;
            if (!digits(2, 2) || number > 59) return nullptr;
            moment.offset_minutes = sign * static_cast<int>(hours * 60 + number);
            return at;
        }
    }
    return nullptr;
}

DateFault DatePattern::parse(std::string_view text, Moment& moment) const {
    moment = {};
    Date date;
    int half = 0;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (const auto& token : tokens_) {
        at = read(token, at, end, date, moment, half);
        if (!at) return DateFault::not_a_date;
    }
    if (at != end) return DateFault::not_a_date;
    if (half != 0) {
        const auto hour = moment.micros / (3600 * micros_per_second);
        if (hour < 1 || hour > 12) return DateFault::not_a_date;
        if (hour == 12) moment.micros -= 12 * 3600 * micros_per_second;
        if (half == 2) moment.micros += 12 * 3600 * micros_per_second;
    }
    if (!has_date_) return DateFault::none;
    if (!is_date(date)) return DateFault::impossible_date;
    moment.days = days_of(date);
    return DateFault::none;
}

void DatePattern::append(std::string& out, const Moment& moment) const {
    const auto date = date_of(moment.days);
    const auto seconds = moment.micros / micros_per_second;
    for (const auto& token : tokens_) {
        switch (token.part) {
            case Part::literal: out += token.literal; break;
            case Part::year: append_number(out, date.year, 4); break;
            case Part::short_year: append_number(out, date.year % 100, 2); break;
            case Part::month_name: out += english[date.month - 1]; break;
            case Part::short_month_name: out += english[date.month - 1].substr(0, 3); break;
            case Part::month: append_number(out, date.month, token.width); break;
            case Part::day: append_number(out, date.day, token.width); break;
            case Part::hour: append_number(out, seconds / 3600, token.width); break;
            case Part::half_hour: append_number(out, (seconds / 3600 + 11) % 12 + 1, token.width); break;
            case Part::minute: append_number(out, seconds / 60 % 60, 2); break;
            case Part::second: append_number(out, seconds % 60, 2); break;
            case Part::fraction: {
                std::string digits;
                append_number(digits, moment.micros % micros_per_second, 6);
                digits.resize(token.width, '0');
                out += digits;
                break;
            }
            case Part::half: out += seconds / 3600 < 12 ? "AM" : "PM"; break;
            case Part::offset: {
                const int offset = moment.offset_minutes.value_or(0);
                if (offset == 0) {
                    out += 'Z';
                    break;
                }
                out += offset < 0 ? '-' : '+';
                append_number(out, std::abs(offset) / 60, 2);
                out += ':';
                append_number(out, std::abs(offset) % 60, 2);
                break;
            }
        }
    }
}

DateFault parse_in_order(std::string_view text, Order order, std::int64_t& days) {
    std::array<std::int64_t, 3> n{};
    std::array<int, 3> digits{};
    if (!read_three(text, n, digits)) return DateFault::not_a_date;
    const std::size_t year = order == Order::ymd ? 0 : 2;
    if (digits[year] != 4 || digits[1] > 2 || digits[2 - year] > 2) return DateFault::not_a_date;
    switch (order) {
        case Order::ymd: return to_days(n[0], n[1], n[2], days);
        case Order::dmy: return to_days(n[2], n[1], n[0], days);
        case Order::mdy: return to_days(n[2], n[0], n[1], days);
    }
    return DateFault::not_a_date;
}

DateFault parse_iso_date(std::string_view text, std::int64_t& days) {
    if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
        std::int64_t year = 0, month = 0, day = 0;
        const char* const at = text.data();
        if (read_number(at, at + 4, 4, 4, year) && read_number(at + 5, at + 7, 2, 2, month) && read_number(at + 8, at + 10, 2, 2, day)) {
            return to_days(year, month, day, days);
        }
    }
    std::array<std::int64_t, 3> n{};
    std::array<int, 3> digits{};
    if (read_three(text, n, digits) && digits[2] == 4 && n[0] >= 1 && n[1] >= 1 && n[0] <= 12 && n[1] <= 12 && n[0] != n[1]) return DateFault::ambiguous_date;
    return DateFault::not_a_date;
}

bool parse_iso_time(std::string_view text, std::int64_t& micros) {
    const char* at = text.data();
    const char* const end = at + text.size();
    std::int64_t hour = 0, minute = 0, second = 0, fraction = 0;
    if (!(at = read_number(at, end, 2, 2, hour)) || at == end || *at++ != ':' || !(at = read_number(at, end, 2, 2, minute))) return false;
    if (at < end) {
        if (*at++ != ':' || !(at = read_number(at, end, 2, 2, second))) return false;
    }
    if (at < end) {
        if (*at != '.' && *at != ',') return false;
        const char* const begin = ++at;
        if (!(at = read_number(at, end, 1, 6, fraction))) return false;
        for (auto count = at - begin; count < 6; ++count) fraction *= 10;
        while (at < end && *at == '0') ++at;
    }
    if (at != end || hour > 23 || minute > 59 || second > 59) return false;
    micros = (hour * 3600 + minute * 60 + second) * micros_per_second + fraction;
    return true;
}

DateFault parse_iso_timestamp(std::string_view text, Moment& moment) {
    moment = {};
    if (text.size() < 10) return DateFault::not_a_date;
    if (const auto fault = parse_iso_date(text.substr(0, 10), moment.days); fault != DateFault::none) return fault;
    if (text.size() == 10) return DateFault::none;
    if (text[10] != 'T' && text[10] != ' ' && text[10] != 't') return DateFault::not_a_date;
    auto time = text.substr(11);
    if (time.ends_with('Z') || time.ends_with('z')) {
        moment.offset_minutes = 0;
        time.remove_suffix(1);
    } else if (const auto sign = time.find_first_of("+-"); sign != time.npos) {
        auto offset = time.substr(sign + 1);
        std::string colon{offset};
        if (colon.size() == 4) colon.insert(2, ":");
        if (colon.size() == 2) colon += ":00";
        std::int64_t micros = 0;
        if (colon.size() != 5 || !parse_iso_time(colon, micros) || micros > 18 * 3600 * micros_per_second) return DateFault::not_a_date;
        moment.offset_minutes = static_cast<int>(micros / (60 * micros_per_second)) * (time[sign] == '-' ? -1 : 1);
        time = time.substr(0, sign);
    }
    return parse_iso_time(time, moment.micros) ? DateFault::none : DateFault::not_a_date;
}

}  // namespace millrace::transform
