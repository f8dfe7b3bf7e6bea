#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "documents/fields/parts.hpp"

namespace millrace::documents::fields {
namespace {

struct Month {
    std::string_view name;
    int number;
};

// English, Dutch, German, French, without accents; a name may be cut to the letters that tell it.
constexpr Month months[] = {
    {"january", 1},  {"januari", 1},   {"januar", 1},    {"janner", 1},  {"janvier", 1},  {"jan", 1},   {"janv", 1},     {"february", 2}, {"februari", 2}, {"februar", 2}, {"fevrier", 2},
    {"feb", 2},      {"fev", 2},       {"fevr", 2},      {"febr", 2},    {"march", 3},    {"maart", 3}, {"marz", 3},     {"maerz", 3},    {"mars", 3},     {"mar", 3},     {"mrt", 3},
    {"mrz", 3},      {"april", 4},     {"avril", 4},     {"apr", 4},     {"avr", 4},      {"may", 5},   {"mei", 5},      {"mai", 5},      {"june", 6},     {"juni", 6},    {"juin", 6},
    {"jun", 6},      {"july", 7},      {"juli", 7},      {"juillet", 7}, {"jul", 7},      {"juil", 7},  {"august", 8},   {"augustus", 8}, {"aout", 8},     {"aug", 8},     {"september", 9},
    {"septembre", 9}, {"sept", 9},     {"sep", 9},       {"october", 10}, {"oktober", 10}, {"octobre", 10}, {"oct", 10}, {"okt", 10},     {"november", 11}, {"novembre", 11}, {"nov", 11},
    {"december", 12}, {"dezember", 12}, {"decembre", 12}, {"dec", 12},    {"dez", 12},
};

int month_of(std::string_view letters) {
    for (const auto& month : months) {
        if (month.name == letters) return month.number;
    }
    if (letters.size() < 5) return 0;
    for (const auto& month : months) {
        if (month.name.size() >= 5 && within_one_edit(month.name, letters)) return month.number;
    }
    return 0;
}

struct Found {
    std::size_t line = 0;
    Span span;
    int first = 0, second = 0, year = 0;  ///< first and second: day and month, or month and day
    bool certain = true;                  ///< which is which
    bool short_year = false, bare = false;

    bool month_comes_first(bool by_default) const { return !certain && by_default; }
    std::string iso(bool month_first) const {
        const bool swap = month_comes_first(month_first);
        return fmt::format("{:04}-{:02}-{:02}", year, swap ? first : second, swap ? second : first);
    }
};

bool exists(int day, int month, int year) {
    constexpr int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1 || day > days[month - 1]) return false;
    return month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/// Reads the dates of a text from the left.
class Scanner {
public:
    Scanner(const Line& line, std::size_t number) : text_{line.folded}, number_{number} {}

    std::vector<Found> all() {
        std::vector<Found> found;
        for (std::size_t at = 0; at < text_.size();) {
            const bool begins = is_word(text_[at]) && (at == 0 || !is_word(text_[at - 1]) || is_digit(text_[at]) != is_digit(text_[at - 1]));
            auto date = begins ? one(at) : std::nullopt;
            if (!date) {
                ++at;
                continue;
            }
            at = static_cast<std::size_t>(date->span.end);
            date->line = number_;
            found.push_back(*date);
        }
        return found;
    }

private:
    std::optional<Found> one(std::size_t from) {
        for (const auto form : {&Scanner::numeric, &Scanner::day_and_name, &Scanner::name_and_day, &Scanner::eight_digits}) {
            at_ = from;
            if (auto date = (this->*form)()) {
                date->span = {static_cast<int>(from), static_cast<int>(at_)};
                return date;
            }
        }
        return std::nullopt;
    }

    struct Number {
        int value = 0, digits = 0;
    };
    Number number(int digits_max) {
        Number read;
        while (at_ < text_.size() && is_digit(text_[at_]) && read.digits <= digits_max) read.value = read.value * 10 + (text_[at_++] - '0'), ++read.digits;
        if (read.digits > digits_max) read.digits = 0;
        return read;
    }
    std::string_view letters() {
        const auto from = at_;
        while (at_ < text_.size() && is_letter(text_[at_])) ++at_;
        return text_.substr(from, at_ - from);
    }
    void skip(std::string_view any, int most) {
        for (int i = 0; i < most && at_ < text_.size() && any.find(text_[at_]) != any.npos; ++i) ++at_;
    }
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : ' '; }

    /// The mark between two parts of a date: '/', '.', '-', ' ' or nothing.
    char mark() {
        skip(" ", 1);
        const char c = peek();
        if (c != '/' && c != '.' && c != '-' && c != ',' && c != '\\') return text_[at_ - 1] == ' ' ? ' ' : '\0';
        ++at_;
        skip(" ", 1);
        return c;
    }

    static bool year(Number& read) {
        if (read.digits == 2) read.value += read.value < 70 ? 2000 : 1900;
        return (read.digits == 2 || read.digits == 4) && read.value >= 1970 && read.value < 2070;
    }

    std::optional<Found> numeric() {
        auto a = number(4);
        if (a.digits == 0 || a.digits == 3) return std::nullopt;
        const char first_mark = mark();
        auto b = number(2);
        if (first_mark == '\0' || b.digits == 0) return std::nullopt;
        const char second_mark = mark();
        auto c = number(4);
        if (second_mark == '\0' || c.digits == 0 || c.digits == 3) return std::nullopt;
        // 1.2.3.4 is a version; 12.50 15 is money.
        if (is_digit(peek()) || ((peek() == '.' || peek() == '/' || peek() == '-') && is_digit(peek(1)))) return std::nullopt;
        if (a.digits == 4) {
            if (!year(a) || first_mark != second_mark || c.digits > 2 || !exists(c.value, b.value, a.value)) return std::nullopt;
            return Found{.first = c.value, .second = b.value, .year = a.value};
        }
        if (first_mark != second_mark && c.digits != 4) return std::nullopt;
        if ((first_mark == ' ' || first_mark == ',') && c.digits != 4) return std::nullopt;
        const bool is_short = c.digits == 2;
        if (c.digits == 1 || !year(c)) return std::nullopt;
        const bool day_first = exists(a.value, b.value, c.value);
        const bool month_first = exists(b.value, a.value, c.value);
        if (!day_first && !month_first) return std::nullopt;
        if (!day_first) std::swap(a, b);
        return Found{.first = a.value, .second = b.value, .year = c.value, .certain = day_first != month_first || a.value == b.value, .short_year = is_short};
    }

    std::optional<Found> day_and_name() {
        const auto day = number(2);
        if (day.digits == 0) return std::nullopt;
        skip(". -/", 2);
        for (const std::string_view ordinal : {"st ", "nd ", "rd ", "th ", "er ", "e ", "st-", "th-", "of "}) {
            if (text_.substr(at_).starts_with(ordinal)) at_ += ordinal.size();
        }
        const int month = month_of(letters());
        if (month == 0) return std::nullopt;
        return with_year(day.value, month);
    }

    std::optional<Found> name_and_day() {
        const int month = month_of(letters());
        if (month == 0) return std::nullopt;
        skip(". -/", 2);
        const auto day = number(2);
        if (day.digits == 0) return std::nullopt;
        for (const std::string_view ordinal : {"st", "nd", "rd", "th"}) {
            if (text_.substr(at_).starts_with(ordinal)) at_ += ordinal.size();
        }
        return with_year(day.value, month);
    }

    std::optional<Found> with_year(int day, int month) {
        skip(". -/,'", 3);
        auto read = number(4);
        const bool is_short = read.digits == 2;
        if (!year(read) || !exists(day, month, read.value) || (is_short && peek() == ':')) return std::nullopt;
        return Found{.first = day, .second = month, .year = read.value, .short_year = is_short};
    }

    std::optional<Found> eight_digits() {
        const auto read = number(8);
        if (read.digits != 8) return std::nullopt;
        const int y = read.value / 10'000, m = read.value / 100 % 100, d = read.value % 100;
        if (y < 2000 || y > 2049 || !exists(d, m, y)) return std::nullopt;
        return Found{.first = d, .second = m, .year = y, .bare = true};
    }

    std::string_view text_;
    std::size_t number_;
    std::size_t at_ = 0;
};

/// "14:05" or "2.30 pm" behind or in front of a date: a till wrote it.
bool has_time(const Line& line) {
    const auto& text = line.folded;
    for (std::size_t i = 1; i + 2 < text.size(); ++i) {
        if (text[i] == ':' && is_digit(text[i - 1]) && is_digit(text[i + 1]) && is_digit(text[i + 2])) return true;
    }
    return false;
}

double score(const Governed& labels) {
    double best = 0;
    if (labels.has(Kind::issued)) best = 7;
    else if (labels.has(Kind::due)) best = -4;
    else if (labels.has(Kind::other_date)) best = -3;
    else if (labels.has(Kind::ordered)) best = -1;
    else if (labels.has(Kind::dated)) best = 5;
    else if (labels.has(Kind::invoice_number)) best = 3.5;
    return best * labels.weight;
}

bool month_comes_first(const std::vector<Found>& dates, const std::vector<Line>& lines, bool by_default) {
    int day_first = 0, month_first = 0;
    for (const auto& date : dates) {
        if (!date.certain || date.first == date.second) continue;
        const auto& text = lines[date.line].folded;
        const auto at = static_cast<std::size_t>(date.span.start);
        const auto written = text.substr(at, 2);
        if (date.span.end - date.span.start > 10 || !is_digit(written[0]) || text.find_first_of("/.-", at) > at + 2) continue;
        (std::atoi(written.c_str()) == date.first ? day_first : month_first) += 1;
    }
    return month_first > day_first || (month_first == day_first && by_default);
}

std::vector<Found> all_dates(const std::vector<Line>& lines) {
    std::vector<Found> all;
    for (std::size_t number = 0; number < lines.size(); ++number) std::ranges::copy(Scanner{lines[number], number}.all(), std::back_inserter(all));
    return all;
}

std::vector<std::vector<Span>> spans(const std::vector<Found>& dates, std::size_t lines) {
    std::vector<std::vector<Span>> all(lines);
    for (const auto& date : dates) all[date.line].push_back(date.span);
    return all;
}

}  // namespace

std::vector<std::vector<Span>> spans_of_dates(const std::vector<Line>& lines) {
    auto dates = all_dates(lines);
    std::erase_if(dates, [](const Found& date) { return date.bare; });
    return spans(dates, lines.size());
}

std::optional<Field> find_date(const std::vector<Line>& lines, bool month_first) {
    const auto dates = all_dates(lines);
    const bool swap = month_comes_first(dates, lines, month_first);
    const auto places = spans(dates, lines.size());
    std::map<std::string, int> seen;
    for (const auto& date : dates) ++seen[date.iso(swap)];
    const Found* best = nullptr;
    double highest = 0, second = 0;
    for (const auto& date : dates) {
        const auto labels = govern(lines, places, date.line, date.span, 3);
        double value = 2 + score(labels) + (has_time(lines[date.line]) ? 1.5 : 0) + 1.0 - 1.0 * static_cast<double>(date.line) / static_cast<double>(lines.size());
        value += 0.3 * std::min(3, seen[date.iso(swap)]) - (date.short_year ? 0.4 : 0) - (date.bare ? 2.5 : 0) - (date.year < 1995 || date.year > 2035 ? 3 : 0);
        if (best == nullptr || value > highest) {
            if (best != nullptr && best->iso(swap) != date.iso(swap)) second = highest;
            highest = value, best = &date;
        } else if (date.iso(swap) != best->iso(swap)) {
            second = std::max(second, value);
        }
    }
    if (best == nullptr || (best->bare && highest < 2.5)) return std::nullopt;
    return field_at(lines[best->line], best->span, best->iso(swap), confidence_of(highest, second));
}

}  // namespace millrace::documents::fields
