#include "datasets/detectors.hpp"

#include <unicode/ucurr.h>
#include <unicode/uloc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <unordered_set>

#include "datasets/detail/identifiers.hpp"

namespace millrace::datasets {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_upper(c) || is_lower(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = is_upper(c) ? static_cast<char>(c + 32) : c;
    return out;
}

/// What a value is made of: most detectors are ruled out by this alone.
struct Shape {
    std::size_t digits = 0, uppers = 0, lowers = 0, others = 0, wide = 0;  // wide: bytes beyond ASCII
    explicit Shape(std::string_view text) {
        for (const char c : text) {
            if (is_digit(c)) ++digits;
            else if (is_lower(c)) ++lowers;
            else if (is_upper(c)) ++uppers;
            else if (static_cast<unsigned char>(c) >= 0x80) ++wide;
            else ++others;
        }
    }
};

bool is_email(std::string_view text) {
    const auto at = text.find('@');
    if (at == text.npos || at == 0 || at > 64 || text.size() > 254) return false;
    const auto local = text.substr(0, at), domain = text.substr(at + 1);
    if (local.front() == '.' || local.back() == '.' || local.contains("..")) return false;
    const auto in_local = [](char c) {
        return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80 || std::string_view{".!#$%&'*+/=?^_`{|}~-"}.contains(c);
    };
    if (!std::ranges::all_of(local, in_local)) return false;
    std::size_t label = 0, labels = 0;
    char before = '.';
    for (const char c : domain) {
        if (c == '.') {
            if (label == 0 || before == '-') return false;
            ++labels;
            label = 0;
        } else if (is_letter(c) || is_digit(c) || c == '-' || static_cast<unsigned char>(c) >= 0x80) {
            if (label++ == 0 && c == '-') return false;
        } else {
            return false;
        }
        before = c;
    }
    return labels > 0 && label >= 2 && !is_digit(before) && before != '-';
}

bool is_url(std::string_view text) {
    if (std::ranges::any_of(text, [](char c) { return c == ' ' || c == '<' || c == '>' || c == '"' || static_cast<unsigned char>(c) < 0x20; })) return false;
    const auto head = lower(text.substr(0, 8));
    for (const std::string_view scheme : {"http://", "https://", "ftp://"}) {
        if (head.starts_with(scheme)) return text.size() > scheme.size() && text[scheme.size()] != '/';
    }
    return head.starts_with("www.") && text.size() > 6 && text.find('.', 4) != text.npos;
}

bool is_uuid(std::string_view text) {
    if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < 36; ++i) {
        if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' : !is_hex(text[i])) return false;
    }
    return true;
}

/// A number with a point and digits after it; how many of those.
struct Coordinate {
    double value = 0;
    std::size_t decimals = 0;
};
std::optional<Coordinate> coordinate(std::string_view text) {
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    const auto point = text.find('.');
    if (point == text.npos || point > 4 || text.size() > 24) return std::nullopt;
    Coordinate out{.decimals = text.size() - point - 1};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.value, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return out;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool is_lat_lon(std::string_view text) {
    if (text.size() > 2 && text.front() == '(' && text.back() == ')') text = text.substr(1, text.size() - 2);
    auto mark = text.find_first_of(",;");
    if (mark == text.npos) mark = text.find(' ');
    if (mark == text.npos) return false;
    const auto first = coordinate(trim(text.substr(0, mark))), second = coordinate(trim(text.substr(mark + 1)));
    return first && second && first->decimals >= 2 && second->decimals >= 2 && std::abs(first->value) <= 90 && std::abs(second->value) <= 180;
}

/// A number as people write it: digits in one or several groups, at most one decimal mark.
bool is_amount(std::string_view text) {
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    if (text.empty() || !is_digit(text.front()) || text.size() > 24) return false;
    if (text.ends_with(",-") || text.ends_with(".-")) text.remove_suffix(2);
    if (text.ends_with(",--")) text.remove_suffix(3);
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (is_digit(text[i])) continue;
        if (!std::string_view{".,' "}.contains(text[i]) || !is_digit(text[i - 1])) return false;
    }
    return is_digit(text.back());
}

using Words = std::unordered_set<std::string>;

const Words& currencies() {
    static const Words words = [] {
        Words out;
        UErrorCode status = U_ZERO_ERROR;
        auto* list = ucurr_openISOCurrencies(UCURR_COMMON | UCURR_NON_DEPRECATED, &status);
        for (const char* code = nullptr; U_SUCCESS(status) && (code = uenum_next(list, nullptr, &status));) out.emplace(code);
        uenum_close(list);
        return out;
    }();
    return words;
}

const Words& country_codes() {
    static const Words words = [] {
        Words out;
        for (const char* const* code = uloc_getISOCountries(); *code; ++code) {
            out.emplace(*code);
            if (const std::string three = uloc_getISO3Country(("und_" + std::string{*code}).c_str()); !three.empty()) out.emplace(three);
        }
        return out;
    }();
    return words;
}

const Words& country_names() {
    static const Words words = [] {
        Words out{"usa", "uk", "holland", "the netherlands", "great britain", "england", "scotland", "wales", "czech republic", "south korea",
                  "north korea", "russia", "russian federation", "nederland", "belgie", "duitsland"};
        for (const char* const* code = uloc_getISOCountries(); *code; ++code) {
            for (const char* language : {"en", "nl", "de", "fr", "es"}) {
                std::array<UChar, 200> name{};
                UErrorCode status = U_ZERO_ERROR;
                const auto size = uloc_getDisplayCountry(("und_" + std::string{*code}).c_str(), language, name.data(), 200, &status);
                if (U_FAILURE(status) || size <= 0 || size > 200) continue;
                std::string text;
                for (int i = 0; i < size; ++i) {
                    const auto c = name[static_cast<std::size_t>(i)];  // names of countries have no surrogates
                    if (c < 0x80) text += static_cast<char>(c);
                    else if (c < 0x800) (text += static_cast<char>(0xc0 | c >> 6)) += static_cast<char>(0x80 | (c & 0x3f));
                    else ((text += static_cast<char>(0xe0 | c >> 12)) += static_cast<char>(0x80 | (c >> 6 & 0x3f))) += static_cast<char>(0x80 | (c & 0x3f));
                }
                out.insert(lower(text));
            }
        }
        return out;
    }();
    return words;
}

bool is_currency(std::string_view text) { return text.size() == 3 && std::ranges::all_of(text, is_upper) && currencies().contains(std::string{text}); }

bool is_money(std::string_view text) {
    static constexpr std::string_view signs[] = {"€", "$", "£", "¥", "₹", "₽", "₺", "zł", "kr.", "kr", "Fr.", "US$", "A$", "C$", "Kč", "Ft"};
    if (text.size() > 40) return false;
    bool negative = false;
    if (text.front() == '-' && text.size() > 1) {
        text.remove_prefix(1);
        negative = true;
    }
    const auto amount = [&](std::string_view rest) {
        rest = trim(rest);
        return is_amount(rest) && !(negative && rest.front() == '-');
    };
    for (const auto sign : signs) {
        if (text.starts_with(sign) && amount(text.substr(sign.size()))) return true;
        if (text.ends_with(sign) && amount(text.substr(0, text.size() - sign.size()))) return true;
    }
    if (text.size() < 4) return false;
    return (is_currency(text.substr(0, 3)) && amount(text.substr(3))) || (is_currency(text.substr(text.size() - 3)) && amount(text.substr(0, text.size() - 3)));
}

bool is_day(int year, int month, int day) {
    static constexpr int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return year >= 1000 && year <= 2999 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

int number(std::string_view digits) {
    int out = 0;
    for (const char c : digits) out = out * 10 + (c - '0');
    return out;
}

/// The month that begins like this in English, Dutch, German or French; 0: none.
int month_of(std::string_view word) {
    static constexpr std::string_view names[] = {"jan", "feb fev fév", "mar mrt maa mär mae", "apr avr", "may mei mai", "jun juin", "jul juil", "aug aou aoû",
                                                 "sep", "oct okt", "nov", "dec dez déc"};
    if (word.ends_with('.')) word.remove_suffix(1);
    if (word.size() < 3 || word.size() > 10 || std::ranges::any_of(word, is_digit)) return 0;
    const auto small = lower(word);
    for (int month = 0; month < 12; ++month) {
        auto rest = names[month];
        while (!rest.empty()) {
            const auto name = rest.substr(0, rest.find(' '));
            if (small.starts_with(name)) return month + 1;
            rest.remove_prefix(std::min(rest.size(), name.size() + 1));
        }
    }
    return 0;
}

/// HH:mm, with or without seconds, fraction and zone.
bool is_time(std::string_view text) {
    if (text.size() < 5 || text.size() > 35 || !is_digit(text[0]) || !is_digit(text[1]) || text[2] != ':' || !is_digit(text[3]) || !is_digit(text[4])) return false;
    return number(text.substr(0, 2)) < 25 && number(text.substr(3, 2)) < 60 &&
           std::ranges::all_of(text.substr(5), [](char c) { return is_digit(c) || std::string_view{":.,+-Z APMapm"}.contains(c); });
}

/// Three numbers with the same mark between them.
bool is_numeric_day(std::string_view text) {
    const auto mark_at = text.find_first_of("-/.");
    if (mark_at == text.npos) {
        return text.size() == 8 && std::ranges::all_of(text, is_digit) && (text.starts_with("19") || text.starts_with("20")) &&
               is_day(number(text.substr(0, 4)), number(text.substr(4, 2)), number(text.substr(6)));
    }
    const auto second = text.find(text[mark_at], mark_at + 1);
    if (second == text.npos) return false;
    const std::string_view parts[] = {text.substr(0, mark_at), text.substr(mark_at + 1, second - mark_at - 1), text.substr(second + 1)};
    const auto plain = [](std::string_view part) { return !part.empty() && part.size() <= 4 && std::ranges::all_of(part, is_digit); };
    const auto small = [](std::string_view part) { return part.size() <= 2; };
    if (plain(parts[0]) && plain(parts[2]) && month_of(parts[1]) > 0) {  // 05-jan-2024
        return small(parts[0]) && is_day(number(parts[2]) < 100 ? 2000 : number(parts[2]), month_of(parts[1]), number(parts[0]));
    }
    if (!std::ranges::all_of(parts, plain)) return false;
    const int a = number(parts[0]), b = number(parts[1]), c = number(parts[2]);
    if (parts[0].size() == 4) return small(parts[1]) && small(parts[2]) && is_day(a, b, c);
    if (!small(parts[0]) || !small(parts[1])) return false;
    const bool short_year = parts[2].size() == 2;
    if (!short_year && parts[2].size() != 4) return false;
    return is_day(short_year ? 2000 : c, b, a) || is_day(short_year ? 2000 : c, a, b);
}

/// "5 January 2024", "Jan 5, 2024".
bool is_named_day(std::string_view text) {
    std::array<std::string_view, 3> words;
    std::size_t count = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (count == 3) return false;
        if (end > 0) words[count++] = text.substr(0, end);
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    if (count != 3) return false;
    if (month_of(words[0]) > 0) std::swap(words[0], words[1]);
    if (!words[0].empty() && std::string_view{",."}.contains(words[0].back())) words[0].remove_suffix(1);
    const auto plain = [](std::string_view word) { return !word.empty() && word.size() <= 4 && std::ranges::all_of(word, is_digit); };
    return plain(words[0]) && plain(words[2]) && words[2].size() == 4 && month_of(words[1]) > 0 && is_day(number(words[2]), month_of(words[1]), number(words[0]));
}

bool is_date(std::string_view text) {
    if (text.size() < 6 || text.size() > 45) return false;
    const auto end = text.find_first_of("T ");
    if (is_numeric_day(text.substr(0, end))) return end == text.npos || is_time(text.substr(end + 1));
    return is_named_day(text);
}

bool is_phone(std::string_view text, const Shape& shape) {
    if (shape.digits < 7 || shape.digits > 15 || shape.uppers + shape.lowers + shape.wide > 0 || text.size() > 24) return false;
    const bool international = text.front() == '+' || (text.starts_with("00") && shape.digits >= 11);
    const bool national = shape.digits >= 9 && shape.digits <= 11 && (text.front() == '0' || text.starts_with("(0"));
    if (!international && !national) return false;
    char before = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (!is_digit(c) && !(c == '+' && i == 0) && !std::string_view{" -./()"}.contains(c)) return false;
        if (!is_digit(c) && c == before && c != ' ') return false;
        before = c;
    }
    return is_digit(text.back());
}

/// 9 a digit, A a capital, anything else itself.
bool has_form(std::string_view text, std::string_view form) {
    return std::ranges::equal(text, form, [](char c, char f) { return f == '9' ? is_digit(c) : f == 'A' ? is_letter(c) : c == f; });
}

bool is_postal_code(std::string_view text) {
    static constexpr std::string_view forms[] = {"9999 AA", "9999AA", "99999", "A9 9AA", "A99 9AA", "AA9 9AA", "AA99 9AA", "A9A 9AA", "AA9A 9AA", "A9A 9A9",
                                                 "99-999", "9999-999", "999 99", "99999-9999", "99999-999", "999-9999"};
    static constexpr std::string_view prefixes[] = {"D-99999", "F-99999", "I-99999", "E-99999", "B-9999", "A-9999", "L-9999", "CH-9999", "DK-9999", "N-9999",
                                                    "SE-999 99", "LV-9999", "LT-99999"};
    if (text.size() < 5 || text.size() > 10) return false;
    const auto fits = [&](std::string_view form) { return has_form(text, form); };
    if (text[0] == '0' && text.size() > 4 && (has_form(text, "9999 AA") || has_form(text, "9999AA"))) return false;  // Dutch ones begin with 1
    if (std::ranges::any_of(forms, fits)) return true;
    return std::ranges::any_of(prefixes, [&](std::string_view form) {
        const auto mark = form.find('-');
        return text.size() == form.size() && text.starts_with(form.substr(0, mark + 1)) && has_form(text.substr(mark + 1), form.substr(mark + 1));
    });
}

bool is_boolean(std::string_view text) {
    static constexpr std::string_view words[] = {"true", "false", "yes", "no", "y", "n", "t", "f", "on", "off", "0", "1", "ja", "nee", "j", "nein", "oui", "non",
                                                 "waar", "onwaar", "wahr", "falsch", "vrai", "faux"};
    return text.size() <= 6 && std::ranges::find(words, lower(text)) != std::end(words);
}

void detect_numeric(std::string_view text, const Shape& shape, Detected& out) {
    if (shape.others == 0 && is_gtin(text)) out.set(Detector::gtin);
    if (shape.others < 3 && text.contains('.')) {
        if (const auto point = coordinate(text); point && point->decimals >= 4) {
            if (std::abs(point->value) <= 90) out.set(Detector::latitude);
            if (std::abs(point->value) <= 180) out.set(Detector::longitude);
        }
    }
    if (shape.others >= 2 && is_lat_lon(text)) out.set(Detector::lat_lon);
    if (is_phone(text, shape)) out.set(Detector::phone);
}

void detect_words(std::string_view text, const Shape& shape, Detected& out) {
    const bool capitals = shape.uppers == text.size();
    if (capitals && is_currency(text)) out.set(Detector::currency_code);
    if (capitals && (text.size() == 2 || text.size() == 3) && country_codes().contains(std::string{text})) out.set(Detector::country_code);
    if (text.size() >= 2 && text.size() <= 60 && country_names().contains(lower(text))) out.set(Detector::country_name);
}

}  // namespace

Detected detect(std::string_view value) {
    Detected out;
    const auto text = trim(value);
    if (text.empty() || text.size() > 2000) return out;
    const Shape shape{text};
    if (shape.others >= 2 || text[0] == 'w' || text[0] == 'W') {
        if (is_url(text)) out.set(Detector::url);
        if (text.size() > 254) return out;
        if (is_email(text)) out.set(Detector::email);
    }
    if (text.size() > 60) return out;
    if (shape.digits > 0) {
        if (shape.uppers + shape.lowers + shape.wide == 0) detect_numeric(text, shape, out);
        if (shape.uppers + shape.lowers >= 2) {
            if (is_iban(text)) out.set(Detector::iban);
            if (is_vat_id(text)) out.set(Detector::vat_id);
        }
        if (text.size() >= 36 && is_uuid(text)) out.set(Detector::uuid);
        if (is_date(text)) out.set(Detector::date);
        if (shape.digits < text.size() && is_money(text)) out.set(Detector::money);
        if (is_postal_code(text)) out.set(Detector::postal_code);
    } else {
        detect_words(text, shape, out);
    }
    if (is_boolean(text)) out.set(Detector::boolean);
    return out;
}

std::optional<Detector> detector_of(std::string_view value) {
    const auto found = detect(value).bits();
    if (found == 0) return std::nullopt;
    return static_cast<Detector>(__builtin_ctz(found));
}

}  // namespace millrace::datasets
