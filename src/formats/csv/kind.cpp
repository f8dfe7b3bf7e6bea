#include <algorithm>
#include <array>
#include <cctype>

#include "formats/csv/detail/kind.hpp"

namespace millrace::formats::csv {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80; }

std::size_t digits(std::string_view text, std::size_t at) {
    std::size_t n = 0;
    while (at + n < text.size() && digit(text[at + n])) ++n;
    return n;
}

/// "11:15", "11:15:30.5", "11:15 AM", with an offset from UTC when `zone`.
bool reads_as_time(std::string_view text, bool zone) {
    std::size_t at = digits(text, 0);
    if (at < 1 || at > 2 || at >= text.size() || text[at] != ':' || digits(text, at + 1) != 2) return false;
    at += 3;
    if (at < text.size() && text[at] == ':') {
        if (digits(text, at + 1) != 2) return false;
        at += 3;
        if (at < text.size() && (text[at] == '.' || text[at] == ',')) at += 1 + digits(text, at + 1);
    }
    auto rest = trim(text.substr(at));
    if (rest.empty()) return true;
    if (rest.size() <= 4 && (rest[0] == 'a' || rest[0] == 'A' || rest[0] == 'p' || rest[0] == 'P')) {
        return rest.back() == 'm' || rest.back() == 'M' || rest.back() == '.';
    }
    return zone && (rest == "Z" || rest == "z" || rest == "UTC" || rest[0] == '+' || rest[0] == '-');
}

bool is_month(std::string_view word) {
    static constexpr std::array<std::string_view, 12> months = {"jan", "feb", "mar", "apr", "may", "jun",
                                                                 "jul", "aug", "sep", "oct", "nov", "dec"};
    if (word.size() < 3 || word.size() > 9) return false;
    std::string lower;
    for (const char c : word.substr(0, 3)) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return std::find(months.begin(), months.end(), lower) != months.end();
}

/// Length of the date at the start of `text`; 0 when there is none. "2018-02-12", "12/2/18", "12.02.2018", "12 Feb 2018".
std::size_t date_length(std::string_view text) {
    std::size_t at = 0;
    int numbers = 0;
    int months = 0;
    char separator = 0;
    while (at < text.size() && numbers + months < 3) {
        const auto n = digits(text, at);
        if (n > 0) {
            if (n == 3 || n > 4 || (n == 4 && numbers + months == 1)) return 0;
            at += n;
            ++numbers;
        } else {
            auto end = at;
            while (end < text.size() && letter(text[end])) ++end;
            if (months > 0 || !is_month(text.substr(at, end - at))) return 0;
            at = end;
            ++months;
        }
        if (numbers + months == 3) break;
        if (at >= text.size()) return 0;
        const char c = text[at];
        if (c != '-' && c != '/' && c != '.' && !(c == ' ' && (months > 0 || numbers == 1)) && c != ',') return 0;
        if (separator == 0) separator = c;
        if (months == 0 && numbers == 2 && c != separator) return 0;
        ++at;
        while (at < text.size() && text[at] == ' ') ++at;
    }
    return numbers + months == 3 && numbers >= 2 ? at : 0;
}

enum class Number { none, integer, decimal };

Number reads_as_number(std::string_view text) {
    std::size_t at = 0;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    std::size_t n = 0;
    std::size_t marks = 0;
    bool group = true;  // so far every mark had three digits behind it
    bool last_mark_was_digit = false;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (digit(c)) {
            ++n;
            last_mark_was_digit = true;
            continue;
        }
        if (c == '.' || c == ',' || c == '\'' || c == ' ') {
            if (!last_mark_was_digit && c != '.' && c != ',') return Number::none;
            if (marks > 0 && !last_mark_was_digit) return Number::none;
            ++marks;
            const auto behind = digits(text, at + 1);
            if ((c == ' ' || c == '\'') && behind != 3) return Number::none;
            if (behind != 3) group = false;
            last_mark_was_digit = false;
            continue;
        }
        if ((c == 'e' || c == 'E') && n > 0) {
            auto e = at + 1;
            if (e < text.size() && (text[e] == '+' || text[e] == '-')) ++e;
            const auto d = digits(text, e);
            return d > 0 && e + d == text.size() ? Number::decimal : Number::none;
        }
        return Number::none;
    }
    if (n == 0) return Number::none;
    if (marks > 1 && !group && marks > 3) return Number::none;
    return marks == 0 ? Number::integer : Number::decimal;
}

/// Length of a currency sign or code at the start, 0 for none.
std::size_t currency_length(std::string_view text) {
    static constexpr std::array<std::string_view, 7> signs = {"$", "€", "£", "¥", "EUR", "USD", "GBP"};
    for (const auto sign : signs) {
        if (text.starts_with(sign)) return sign.size();
    }
    return 0;
}

bool is_boolean(std::string_view text) {
    if (text.size() < 2 || text.size() > 5) return false;
    std::string lower;
    for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower == "true" || lower == "false" || lower == "yes" || lower == "no";
}

Kind kind_of_number(std::string_view text) {
    if (text.back() == '%' && reads_as_number(trim(text.substr(0, text.size() - 1))) != Number::none) return Kind::percent;
    const bool negative = text[0] == '-' && text.size() > 1;
    if (const auto n = currency_length(text.substr(negative)); n > 0 || text.size() > 3) {
        if (n > 0 && reads_as_number(trim(text.substr(n + negative))) != Number::none) return Kind::money;
        for (const std::string_view sign : {"€", "$", "£"}) {
            if (text.ends_with(sign) && reads_as_number(trim(text.substr(0, text.size() - sign.size()))) != Number::none) {
                return Kind::money;
            }
        }
    }
    switch (reads_as_number(text)) {
        case Number::integer: return Kind::integer;
        case Number::decimal: return Kind::decimal;
        case Number::none: break;
    }
    return Kind::odd;
}

Kind kind_of_words(std::string_view text) {
    std::size_t letters = 0;
    std::size_t numerals = 0;
    std::size_t spaces = 0;
    std::size_t quotes = 0;
    for (const char c : text) {
        if (letter(c)) ++letters;
        else if (digit(c)) ++numerals;
        else if (c == ' ') ++spaces;
        else if (c == '"') ++quotes;
    }
    const auto rest = text.size() - letters - numerals - spaces;
    const bool wrapped = (text.front() == '"' || text.front() == '\'') || (text.back() == '"' || text.back() == '\'');
    if (wrapped) return Kind::odd;
    if (quotes > 0 && text.size() < 4) return Kind::odd;
    if (rest > (letters + numerals) && rest > 1) return Kind::odd;
    if (spaces == 0 && numerals > 0) return Kind::code;
    if (spaces == 0 && letters > 0) return Kind::word;
    return letters + numerals > 0 ? Kind::text : Kind::odd;
}

}  // namespace

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

Kind kind_of(std::string_view cell) {
    const auto text = trim(cell);
    if (text.empty()) return Kind::empty;
    if (text.size() > 2048) return Kind::text;
    const char first = text[0];
    if (digit(first) || first == '-' || first == '+' || first == '.' || currency_length(text) > 0 ||
        (letter(first) && text.size() > 6 && is_month(text.substr(0, 3)))) {
        if (digit(first) && reads_as_time(text, true)) return Kind::time;
        if (const auto n = date_length(text); n > 0) {
            if (n == text.size()) return Kind::date;
            const auto rest = trim(text.substr(n + (text[n] == 'T')));
            if (reads_as_time(rest, true)) return Kind::timestamp;
        }
        const auto number = kind_of_number(text);
        if (number != Kind::odd) return number;
    } else if (text.back() == '\xac' || text.back() == '%') {
        if (const auto number = kind_of_number(text); number != Kind::odd) return number;
    }
    if (is_boolean(text)) return Kind::boolean;
    const bool no_space = text.find(' ') == std::string_view::npos;
    if (no_space && (text.find("://") != std::string_view::npos || text.starts_with("www."))) return Kind::url;
    if (const auto at = text.find('@'); no_space && at != std::string_view::npos && at > 0 &&
        text.find('.', at) != std::string_view::npos) {
        return Kind::email;
    }
    return kind_of_words(text);
}

std::string shape_of(std::string_view cell, bool exact) {
    std::string shape;
    for (const char c : cell.substr(0, 48)) {
        char mark = c;
        if (digit(c)) mark = '9';
        else if (c >= 'A' && c <= 'Z') mark = 'A';
        else if (letter(c)) mark = 'a';
        if (!exact && !shape.empty() && shape.back() == mark && (mark == '9' || mark == 'A' || mark == 'a')) continue;
        shape += mark;
    }
    return shape;
}

}  // namespace millrace::formats::csv
