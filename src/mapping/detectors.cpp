#include "mapping/detectors.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "mapping/detail/gazetteer.hpp"
#include "mapping/words.hpp"

namespace millrace::mapping {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    return text;
}

std::string without(std::string_view text, std::string_view marks) {
    std::string out;
    for (const char c : text) {
        if (marks.find(c) == marks.npos) out += c;
    }
    return out;
}

std::size_t digits_in(std::string_view text) { return static_cast<std::size_t>(std::ranges::count_if(text, digit)); }

bool is_email(std::string_view text) {
    const auto at = text.find('@');
    return at != text.npos && at > 0 && text.find('@', at + 1) == text.npos && text.find(' ') == text.npos &&
           text.find('.', at) != text.npos && !text.ends_with('.');
}

bool is_url(std::string_view text) {
    if (text.find(' ') != text.npos) return false;
    return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("www.") || text.starts_with("ftp://");
}

bool is_image(std::string_view text) {
    const auto path = fold(text.substr(0, text.find('?')));
    const bool picture = path.ends_with(".jpg") || path.ends_with(".jpeg") || path.ends_with(".png") || path.ends_with(".gif") || path.ends_with(".webp") || path.ends_with(".svg");
    return picture && text.find(' ') == text.npos;
}

/// ISO 13616: moved and letters as numbers, the rest by 97 is 1.
bool is_iban(std::string_view text) {
    const auto code = without(text, " .-");
    if (code.size() < 15 || code.size() > 34 || !letter(code[0]) || !letter(code[1]) || !digit(code[2]) || !digit(code[3])) return false;
    unsigned rest = 0;
    for (std::size_t i = 0; i < code.size(); ++i) {
        const char c = static_cast<char>(std::toupper(static_cast<unsigned char>(code[(i + 4) % code.size()])));
        if (digit(c)) rest = (rest * 10 + static_cast<unsigned>(c - '0')) % 97;
        else if (upper(c)) rest = (rest * 100 + static_cast<unsigned>(c - 'A' + 10)) % 97;
        else return false;
    }
    return rest == 1;
}

bool is_bic(std::string_view text) {
    if (text.size() != 8 && text.size() != 11) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i < 6 ? !upper(text[i]) : !(upper(text[i]) || digit(text[i]))) return false;
    }
    return detail::is_country_code(text.substr(4, 2));
}

/// GS1: weights 3 and 1 from the right, the sum by 10 is 0.
bool is_gtin(std::string_view text) {
    const auto code = without(text, " -");
    if (code.size() != 8 && (code.size() < 12 || code.size() > 14)) return false;
    if (!std::ranges::all_of(code, digit)) return false;
    int sum = 0;
    for (std::size_t i = 0; i < code.size(); ++i) sum += (code[code.size() - 1 - i] - '0') * (i % 2 == 0 ? 1 : 3);
    return sum % 10 == 0;
}

bool is_vat(std::string_view text) {
    const auto code = without(text, " .-");
    if (code.size() < 8 || code.size() > 14 || !upper(code[0]) || !upper(code[1])) return false;
    const auto country = code.substr(0, 2);
    if (country != "EL" && !detail::is_country_code(country)) return false;
    const auto digits = digits_in(std::string_view{code}.substr(2));
    if (country == "NL") return code.size() == 14 && code[11] == 'B';
    return digits >= 7 && digits <= 12 && std::ranges::all_of(code.substr(2), [](char c) { return digit(c) || upper(c); });
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
    }
    return true;
}

bool is_ip(std::string_view text) {
    int parts = 0;
    while (true) {
        unsigned part = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
        if (error != std::errc{} || part > 255) return false;
        ++parts;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (text.empty()) return parts == 4;
        if (text[0] != '.') return false;
        text.remove_prefix(1);
    }
}

/// The postal codes of the Netherlands, Britain, Canada, and those of four to six digits.
bool is_postal(std::string_view text) {
    const auto code = without(text, " -");
    const auto digits = digits_in(code);
    if (digits == code.size()) return code.size() >= 4 && code.size() <= 6 && (text.find('.') == text.npos);
    if (code.size() == 6 && digits == 4 && std::ranges::all_of(code.substr(0, 4), digit)) return upper(code[4]) && upper(code[5]);
    if (code.size() >= 5 && code.size() <= 7 && letter(code[0])) {
        const auto tail = code.substr(code.size() - 3);
        return digit(tail[0]) && letter(tail[1]) && letter(tail[2]) && std::ranges::any_of(code.substr(0, code.size() - 3), digit);
    }
    return false;
}

bool is_house(std::string_view text) {
    std::size_t digits = 0;
    while (digits < text.size() && digit(text[digits])) ++digits;
    if (digits == 0 || digits > 4 || text[0] == '0') return false;
    auto rest = trimmed(text.substr(digits));
    if (rest.starts_with('-') || rest.starts_with('/')) rest.remove_prefix(1);
    return rest.size() <= 4 && std::ranges::all_of(rest, [](char c) { return letter(c) || digit(c) || c == '-'; });
}

bool is_time(std::string_view text) {
    if (text.size() < 4 || text.size() > 8 || digits_in(text) < 3) return false;
    const auto mark = text.find(':');
    return (mark == 1 || mark == 2) && text.find_first_not_of("0123456789:") == text.npos;
}

/// A value, with what many kinds ask for made once.
struct Look {
    std::string_view text;
    std::string folded, squashed;
    std::vector<std::string> words;
    NumberForm number;
    DateForm date;

    explicit Look(std::string_view given) : text{trimmed(given)}, folded{fold(text)}, number{number_form(text)}, date{date_form(text)} {
        if (text.size() <= 120) words = words_of(folded);  // "GmbH" is one word
        squashed = join(words);
    }
};

bool any(const Look& look, bool (*is)(std::string_view)) { return std::ranges::any_of(look.words, is); }

bool is_phone(const Look& look) {
    const auto text = look.text;
    const auto digits = digits_in(text);
    if (digits < 8 || digits > 15 || text.find_first_not_of("0123456789+()-./ ") != text.npos || look.date.order != DateForm::Order::none) return false;
    return text.starts_with('+') || text.starts_with('0') || text.starts_with('(') || (text.find_first_of("- ") != text.npos && text.find('.') == text.npos);
}

bool is_person(const Look& look) {
    if (look.words.size() < 2 || look.words.size() > 6 || digits_in(look.text) > 0) return false;
    return any(look, detail::is_first_name) && (any(look, detail::is_last_name) || look.words.size() <= 3);
}

bool is_last_name(const Look& look) {
    const auto& words = look.words;
    return !words.empty() && words.size() <= 4 && detail::is_last_name(words.back()) && !detail::is_first_name(words.front());
}

bool is_money(const NumberForm& form) { return form.number && !form.percent && (form.sign || form.decimals); }

bool in_range(const Look& look, double low, double high) {
    constexpr std::size_t decimals_min = 3;
    const auto mark = look.text.find('.');
    return look.number.number && !look.number.sign && look.number.value >= low && look.number.value <= high && mark != look.text.npos && look.text.size() - mark - 1 >= decimals_min;
}

bool is_year(std::string_view text) {
    return text.size() == 4 && std::ranges::all_of(text, digit) && (text.starts_with("19") || text.starts_with("20"));
}

bool is_kind(const Look& look, Kind kind) {
    const auto text = look.text;
    switch (kind) {
        case Kind::email: return is_email(text);
        case Kind::url: return is_url(text);
        case Kind::image: return is_image(text);
        case Kind::phone: return is_phone(look);
        case Kind::iban: return is_iban(text);
        case Kind::bic: return is_bic(text);
        case Kind::vat: return is_vat(text);
        case Kind::gtin: return is_gtin(text);
        case Kind::uuid: return is_uuid(text);
        case Kind::ip: return is_ip(text);
        case Kind::currency: return detail::is_currency(text);
        case Kind::country_code: return detail::is_country_code(text);
        case Kind::country_name: return detail::is_country_name(look.squashed);
        case Kind::language: return detail::is_language(look.folded);
        case Kind::postal: return is_postal(text);
        case Kind::house: return is_house(text);
        case Kind::date: case Kind::birth: return look.date.order != DateForm::Order::none;
        case Kind::instant: return look.date.has_time;
        case Kind::time: return is_time(text);
        case Kind::boolean: return detail::is_boolean(look.folded);
        case Kind::gender: return detail::is_gender(look.folded);
        case Kind::first_name: return detail::is_first_name(look.folded);
        case Kind::last_name: return is_last_name(look);
        case Kind::person: return is_person(look);
        case Kind::city: return detail::is_city(look.squashed);
        case Kind::company: return look.words.size() >= 2 && any(look, detail::is_company_form);
        case Kind::street: return look.words.size() <= 8 && text.find('@') == text.npos && any(look, detail::is_street_word);
        case Kind::unit: return detail::is_unit(look.squashed);
        case Kind::vat_rate: return look.number.number;
        case Kind::money: return is_money(look.number);
        case Kind::latitude: return in_range(look, -90, 90);
        case Kind::longitude: return in_range(look, -180, 180);
        case Kind::year: return is_year(text);
        case Kind::percent: return look.number.percent;
        case Kind::salutation: return detail::is_salutation(look.squashed);
    }
    return false;
}

}  // namespace

bool is_certain(Kind kind) {
    switch (kind) {
        case Kind::email: case Kind::url: case Kind::image: case Kind::iban: case Kind::vat: case Kind::gtin: case Kind::uuid: case Kind::ip:
        case Kind::phone: case Kind::date: case Kind::birth: case Kind::instant: case Kind::currency: return true;
        default: return false;
    }
}

bool is_kind(std::string_view text, Kind kind) {
    const Look look{text};
    return !look.text.empty() && is_kind(look, kind);
}

Kinds detect(const Summary& values) {
    constexpr std::size_t values_max = 200;
    Kinds kinds{};
    const auto count = std::min(values.values.size(), values_max);
    if (count == 0) return kinds;
    double total = 0;
    std::vector<int> years;
    std::set<double> rates;
    bool whole_rates = true;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& value = values.values[i];
        // A value counts by how often it occurs, but not in proportion: one placeholder does not make a column.
        const double weight = 1 + std::min<double>(4, static_cast<double>(value.count) / 4);
        total += weight;
        const Look look{value.value};
        for (std::size_t kind = 0; kind < kind_count; ++kind) {
            if (!look.text.empty() && is_kind(look, static_cast<Kind>(kind))) kinds[kind] += static_cast<float>(weight);
        }
        if (look.date.year > 0) years.push_back(look.date.year);
        if (look.number.number) rates.insert(look.number.value);
        else whole_rates = false;
    }
    for (auto& share : kinds) share /= static_cast<float>(total);
    const auto of = [&](Kind kind) -> float& { return kinds[static_cast<std::size_t>(kind)]; };
    const bool few = values.distinct <= 12;
    // Birth dates lie far back and far apart.
    std::ranges::sort(years);
    const bool long_ago = years.size() >= 5 && years[years.size() / 2] < 2008 && years.back() - years.front() >= 20;
    of(Kind::birth) = long_ago ? of(Kind::date) * (1 - of(Kind::instant)) : 0;
    static constexpr double usual_rates[] = {0, 2.1, 4, 5, 5.5, 6, 7, 8, 9, 10, 12, 16, 19, 20, 21, 23, 25, 0.04, 0.05, 0.06, 0.07, 0.09, 0.1, 0.12, 0.19, 0.2, 0.21};
    const bool usual = whole_rates && rates.size() >= 2 && std::ranges::all_of(rates, [](double rate) { return std::ranges::find(usual_rates, rate) != std::end(usual_rates); });
    of(Kind::vat_rate) = few && usual && rates.size() <= 6 && *rates.rbegin() >= 0.04 && *rates.rbegin() != 1 ? 1.0F : 0.0F;
    if (!few) of(Kind::boolean) = of(Kind::gender) = of(Kind::salutation) = 0;
    if (values.distinct > 40) of(Kind::unit) = 0;
    if (of(Kind::gtin) > 0.8F) of(Kind::phone) = 0;
    if (of(Kind::image) < of(Kind::url)) of(Kind::image) *= 0.5F;
    return kinds;
}

NumberForm number_form(std::string_view given) {
    NumberForm form;
    auto text = std::string{trimmed(given)};
    if (text.empty() || text.size() > 40) return form;
    for (const std::string_view sign : {"€", "$", "£", "¥", "EUR", "USD", "GBP", "NT"}) {
        if (const auto at = text.find(sign); at != text.npos) {
            text.erase(at, sign.size());
            form.sign = true;
        }
    }
    if (text.ends_with('%')) {
        text.pop_back();
        form.percent = true;
    }
    text = without(text, " '\xC2\xA0");
    if (text.starts_with('(') && text.ends_with(')')) text = '-' + text.substr(1, text.size() - 2);
    if (text.empty() || text.find_first_not_of("0123456789+-.,eE") != text.npos || digits_in(text) == 0) return form;
    const auto comma = text.rfind(','), point = text.rfind('.');
    if (comma != text.npos && (point == text.npos || comma > point)) {
        const bool thousands = point == text.npos && (std::ranges::count(text, ',') > 1 || (text.size() - comma == 4 && text[0] != '0' && comma <= 3));
        form.comma = !thousands;
        form.thousands = thousands || point != text.npos;
        std::erase(text, '.');
        if (thousands) std::erase(text, ',');
        else text[text.rfind(',')] = '.';
    } else {
        form.thousands = comma != text.npos;
        std::erase(text, ',');
        if (std::ranges::count(text, '.') > 1) {
            form.thousands = true;
            std::erase(text, '.');
        }
    }
    if (text.starts_with('+')) text.erase(0, 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), form.value);
    form.number = error == std::errc{} && end == text.data() + text.size();
    form.decimals = form.number && text.find('.') != text.npos;
    if (!form.number) return {};
    return form;
}

DateForm date_form(std::string_view given) {
    DateForm form;
    auto text = trimmed(given);
    if (text.size() < 6 || text.size() > 40) return form;
    // A date begins with three numbers and two equal marks between them.
    int parts[3] = {};
    std::size_t sizes[3] = {};
    std::size_t at = 0;
    char mark = 0;
    int found = 0;
    for (; found < 3; ++found) {
        const auto from = at;
        while (at < text.size() && digit(text[at]) && at - from < 4) parts[found] = parts[found] * 10 + (text[at++] - '0');
        sizes[found] = at - from;
        if (sizes[found] == 0) break;
        if (found == 2) continue;
        if (at >= text.size()) break;
        const char here = text[at];
        if (here != '-' && here != '/' && here != '.') break;
        if (found == 1 && here != mark) break;
        mark = here;
        ++at;
    }
    if (found == 3) {
        const auto rest = text.substr(at);
        if (!rest.empty() && rest[0] != 'T' && rest[0] != ' ' && rest[0] != ',') return form;
        form.has_time = rest.find(':') != rest.npos;
        if (!rest.empty() && !form.has_time) return form;
        const auto valid = [](int month, int day) { return month >= 1 && month <= 12 && day >= 1 && day <= 31; };
        if (sizes[0] == 4 && valid(parts[1], parts[2])) {
            form.order = DateForm::Order::ymd;
            form.year = parts[0];
        } else if ((sizes[2] == 4 || sizes[2] == 2) && sizes[0] <= 2) {
            const bool dmy = valid(parts[1], parts[0]), mdy = valid(parts[0], parts[1]);
            if (!dmy && !mdy) return form;
            form.order = dmy && mdy ? DateForm::Order::either : dmy ? DateForm::Order::dmy : DateForm::Order::mdy;
            form.year = sizes[2] == 4 ? parts[2] : parts[2] + (parts[2] < 40 ? 2000 : 1900);
        }
        if (form.year != 0 && (form.year < 1000 || form.year > 2200)) return {};
        return form;
    }
    // Or it names a month: "3 March 2024", "Fri Mar 25 22:48:16 2022".
    const auto words = words_of(text);
    bool month = false;
    int year = 0;
    for (const auto& word : words) {
        month |= detail::is_month(word);
        if (is_year(word)) year = std::stoi(word);
    }
    if (month && words.size() >= 2 && words.size() <= 8 && digits_in(text) >= 2 && (year > 0 || words.size() <= 4)) {
        form.order = DateForm::Order::words;
        form.year = year;
        form.has_time = text.find(':') != text.npos;
    }
    return form;
}

}  // namespace millrace::mapping
