#include "transform/detail/checks.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "transform/detail/text.hpp"

namespace millrace::transform {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool all_digits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

/// Sum of digits times weights.
int weighted(std::string_view digits, std::initializer_list<int> weights) {
    int sum = 0;
    std::size_t i = 0;
    for (const int weight : weights) sum += weight * (digits[i++] - '0');
    return sum;
}

struct IbanLength {
    char country[3];
    std::uint8_t length;
};
constexpr IbanLength iban_lengths[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22}, {"BR", 29}, {"BY", 28}, {"CH", 21},
    {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27},
    {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27},
    {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NL", 18}, {"NO", 15}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25},
    {"QA", 29}, {"RO", 24}, {"RS", 22}, {"SA", 24}, {"SC", 31}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"ST", 25}, {"SV", 28}, {"TL", 23},
    {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}};

/// Letters as two digits, ISO 7064.
int mod97(std::string_view text) {
    int rest = 0;
    for (const char c : text) {
        const int value = is_digit(c) ? c - '0' : c - 'A' + 10;
        rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
    }
    return rest;
}

constexpr std::string_view countries =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGG"
    "GHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENF"
    "NGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYE"
    "YTZAZMZW";
constexpr std::string_view currencies =
    "AEDAFNALLAMDANGAOAARSAUDAWGAZNBAMBBDBDTBGNBHDBIFBMDBNDBOBBRLBSDBTNBWPBYNBZDCADCDFCHFCLPCNYCOPCRCCUPCVECZKDJFDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGNFGTQGYDHKDHNLHTG"
    "HUFIDRILSINRIQDIRRISKJMDJODJPYKESKGSKHRKMFKPWKRWKWDKYDKZTLAKLBPLKRLRDLSLLYDMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMYRMZNNADNGNNIONOKNPRNZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSD"
    "RUBRWFSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTNDTOPTRYTTDTWDTZSUAHUGXUSDUYUUZSVESVNDVUVWSTXAFXCDXOFXPFYERZARZMWZWG";

bool stands_in(std::string_view words, std::string_view word, std::size_t size) {
    if (word.size() != size) return false;
    for (std::size_t at = 0; at < words.size(); at += size) {
        if (words.substr(at, size) == word) return true;
    }
    return false;
}

struct VatForm {
    std::string_view country;
    std::string_view form;  ///< 9: a digit, A: a letter, *: either
};
constexpr VatForm vat_forms[] = {
    {"AT", "U99999999"}, {"BE", "9999999999"}, {"BG", "999999999"}, {"BG", "9999999999"}, {"CY", "99999999A"}, {"CZ", "99999999"}, {"CZ", "999999999"},
    {"CZ", "9999999999"}, {"DE", "999999999"}, {"DK", "99999999"}, {"EE", "999999999"}, {"EL", "999999999"}, {"ES", "*9999999*"}, {"FI", "99999999"},
    {"FR", "**999999999"}, {"HR", "99999999999"}, {"HU", "99999999"}, {"IE", "9*99999A"}, {"IE", "9999999AA"}, {"IT", "99999999999"}, {"LT", "999999999"},
    {"LT", "999999999999"}, {"LU", "99999999"}, {"LV", "99999999999"}, {"MT", "99999999"}, {"NL", "999999999B99"}, {"PL", "9999999999"}, {"PT", "999999999"},
    {"RO", "99"}, {"RO", "999"}, {"RO", "9999"}, {"RO", "99999"}, {"RO", "999999"}, {"RO", "9999999"}, {"RO", "99999999"}, {"RO", "999999999"},
    {"RO", "9999999999"}, {"SE", "999999999999"}, {"SI", "99999999"}, {"SK", "9999999999"}, {"GB", "999999999"}, {"GB", "999999999999"}, {"XI", "999999999"},
    {"NO", "999999999"}, {"NO", "999999999MVA"}};

bool has_form(std::string_view text, std::string_view form) {
    return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char c, char f) {
        if (f == '9') return is_digit(c);
        if (f == '*') return is_digit(c) || is_upper(c);
        return f == 'A' ? is_upper(c) : c == f;
    });
}

/// The check digits, for countries where we know them; true for others.
bool vat_checks(std::string_view country, std::string_view n) {
    if (country == "BE") return 97 - std::stol(std::string{n.substr(0, 8)}) % 97 == std::stol(std::string{n.substr(8)});
    if (country == "NL") {
        const int rest = weighted(n, {9, 8, 7, 6, 5, 4, 3, 2}) % 11;
        // Since 2020 sole traders have numbers by ISO 7064 in place of the old check.
        return (rest < 10 && rest == n[8] - '0') || mod97("NL" + std::string{n}) == 1;
    }
    if (country == "DE") {
        int product = 10;
        for (std::size_t i = 0; i < 8; ++i) {
            const int sum = (n[i] - '0' + product) % 10;
            product = 2 * (sum == 0 ? 10 : sum) % 11;
        }
        return (11 - product) % 10 == n[8] - '0';
    }
    if (country == "IT" || country == "SE") return is_luhn(country == "SE" ? n.substr(0, 10) : n);
    if (country == "LU") return std::stol(std::string{n.substr(0, 6)}) % 89 == std::stol(std::string{n.substr(6)});
    if (country == "DK") return weighted(n, {2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
    if (country == "PL") return weighted(n, {6, 5, 7, 2, 3, 4, 5, 6, 7}) % 11 == n[9] - '0';
    if (country == "FI") return (11 - weighted(n, {7, 9, 10, 5, 8, 4, 2}) % 11) % 11 == n[7] - '0';
    if (country == "PT") return (11 - weighted(n, {9, 8, 7, 6, 5, 4, 3, 2}) % 11) % 11 % 10 == n[8] - '0';
    return true;
}

struct Dialling {
    std::string_view country, code, trunk;
};
constexpr Dialling diallings[] = {
    {"NL", "31", "0"}, {"BE", "32", "0"}, {"DE", "49", "0"}, {"FR", "33", "0"}, {"GB", "44", "0"}, {"ES", "34", ""}, {"IT", "39", ""}, {"AT", "43", "0"}, {"CH", "41", "0"},
    {"LU", "352", ""}, {"PT", "351", ""}, {"IE", "353", "0"}, {"DK", "45", ""}, {"SE", "46", "0"}, {"NO", "47", ""}, {"FI", "358", "0"}, {"PL", "48", ""}, {"CZ", "420", ""},
    {"US", "1", "1"}, {"CA", "1", "1"}, {"GR", "30", ""}, {"HU", "36", "06"}, {"RO", "40", "0"}, {"BG", "359", "0"}, {"SK", "421", "0"}, {"SI", "386", "0"}, {"HR", "385", "0"},
    {"TR", "90", "0"}, {"AU", "61", "0"}, {"NZ", "64", "0"}, {"JP", "81", "0"}, {"IN", "91", "0"}, {"BR", "55", "0"}, {"ZA", "27", "0"}, {"EE", "372", ""}, {"LV", "371", ""}, {"LT", "370", "0"}};

std::string lowered(std::string_view text) { return to_case(trim(text), Case::lower); }
std::string as_trimmed(std::string_view text) { return std::string{trim(text)}; }
std::string as_uppered(std::string_view text) { return to_case(trim(text), Case::upper); }

constexpr Check all_checks[] = {
    {"bic", is_bic, letters_and_digits},   {"country", is_country, as_uppered}, {"currency", is_currency, as_uppered}, {"ean", is_ean, letters_and_digits},
    {"email", is_email, lowered},          {"iban", is_iban, letters_and_digits}, {"ip", is_ip, as_trimmed},           {"isbn", is_isbn, letters_and_digits},
    {"luhn", is_luhn, letters_and_digits}, {"phone", is_phone, as_trimmed},     {"url", is_url, as_trimmed},           {"uuid", is_uuid, lowered},
    {"vat", is_vat, letters_and_digits},
};

}  // namespace

std::string letters_and_digits(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c))) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return out;
}

bool is_iban(std::string_view text) {
    if (text.size() < 15 || text.size() > 34 || !std::ranges::all_of(text, [](char c) { return is_digit(c) || is_upper(c); })) return false;
    if (!is_upper(text[0]) || !is_upper(text[1]) || !is_digit(text[2]) || !is_digit(text[3])) return false;
    const auto* length = std::ranges::find_if(iban_lengths, [&](const IbanLength& known) { return text.starts_with(known.country); });
    if (length == std::end(iban_lengths) || length->length != text.size()) return false;
    return mod97(std::string{text.substr(4)} + std::string{text.substr(0, 4)}) == 1;
}

bool is_ean(std::string_view digits) {
    if (!all_digits(digits) || (digits.size() != 8 && (digits.size() < 12 || digits.size() > 14))) return false;
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) sum += (digits[digits.size() - 1 - i] - '0') * (i % 2 == 0 ? 1 : 3);
    return sum % 10 == 0;
}

bool is_bic(std::string_view text) {
    static const RE2 form{"[A-Z]{4}([A-Z]{2})[A-Z0-9]{2}([A-Z0-9]{3})?"};
    return text.size() >= 8 && RE2::FullMatch({text.data(), text.size()}, form) && (is_country(text.substr(4, 2)) || text.substr(4, 2) == "XK");
}

bool is_luhn(std::string_view digits) {
    if (!all_digits(digits) || digits.size() < 2) return false;
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const int digit = digits[digits.size() - 1 - i] - '0', twice = i % 2 == 0 ? digit : digit * 2;
        sum += twice > 9 ? twice - 9 : twice;
    }
    return sum % 10 == 0;
}

bool is_isbn(std::string_view text) {
    if (text.size() == 13) return is_ean(text) && (text.starts_with("978") || text.starts_with("979"));
    if (text.size() != 10 || !all_digits(text.substr(0, 9)) || (!is_digit(text[9]) && text[9] != 'X')) return false;
    return (weighted(text, {10, 9, 8, 7, 6, 5, 4, 3, 2}) + (text[9] == 'X' ? 10 : text[9] - '0')) % 11 == 0;
}

bool is_vat(std::string_view text) {
    if (text.size() < 4) return false;
    const auto country = text.substr(0, 2), number = text.substr(2);
    const bool formed = std::ranges::any_of(vat_forms, [&](const VatForm& known) { return known.country == country && has_form(number, known.form); });
    return formed && vat_checks(country, number);
}

bool is_email(std::string_view text) {
    // By hand: this is asked of every row, and a pattern costs ten times as much.
    const auto alnum = [](char c) { return is_digit(c) || is_upper(static_cast<char>(c & ~0x20)) || static_cast<unsigned char>(c) >= 0x80; };
    const auto at = text.find('@');
    if (text.size() > 254 || at == text.npos || at == 0 || at > 64) return false;
    const auto local = text.substr(0, at);
    auto domain = text.substr(at + 1);
    if (local.front() == '.' || local.back() == '.' || local.find("..") != local.npos) return false;
    constexpr std::string_view marks = ".!#$%&'*+/=?^_`{|}~-";
    if (!std::ranges::all_of(local, [&](char c) { return alnum(c) || marks.find(c) != marks.npos; })) return false;
    for (std::size_t labels = 1;; ++labels) {
        const auto end = std::min(domain.find('.'), domain.size());
        const auto label = domain.substr(0, end);
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
        if (!std::ranges::all_of(label, [&](char c) { return alnum(c) || c == '-'; })) return false;
        if (end == domain.size()) return labels > 1 && label.size() > 1 && !is_digit(label.front());
        domain.remove_prefix(end + 1);
    }
}

bool is_url(std::string_view text) {
    static const RE2 form{R"((?i:https?|ftp)://[^\s/?#@]+(?:[/?#][^\s]*)?)"};
    return RE2::FullMatch({text.data(), text.size()}, form);
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool mark = i == 8 || i == 13 || i == 18 || i == 23;
        if (mark ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
    }
    return true;
}

bool is_ip(std::string_view text) {
    static const RE2 four{R"((?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.|$)){4})"};
    static const RE2 six{R"((?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){0,6}[0-9A-Fa-f]{0,4}::(?:[0-9A-Fa-f]{1,4}:){0,6}[0-9A-Fa-f]{0,4})"};
    if (text.ends_with('.') || text.size() > 39) return false;
    return RE2::FullMatch({text.data(), text.size()}, four) || (RE2::FullMatch({text.data(), text.size()}, six) && std::ranges::count(text, ':') <= 7);
}

bool is_country(std::string_view text) { return stands_in(countries, text, 2); }
bool is_currency(std::string_view text) { return stands_in(currencies, text, 3); }
bool is_phone(std::string_view text) { return text.size() >= 8 && text.size() <= 16 && text[0] == '+' && text[1] != '0' && all_digits(text.substr(1)); }

std::span<const Check> checks() { return all_checks; }

const Check* find_check(std::string_view name) {
    const auto* at = std::ranges::find(all_checks, name, &Check::name);
    return at == std::end(all_checks) ? nullptr : at;
}

std::string check_names() {
    std::string names;
    for (const auto& check : all_checks) names += (names.empty() ? "" : ", ") + std::string{check.name};
    return names;
}

bool knows_phones_of(std::string_view country) { return std::ranges::find(diallings, country, &Dialling::country) != std::end(diallings); }

std::string to_e164(std::string_view text, std::string_view country) {
    std::string digits;
    bool plus = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (is_digit(c)) digits += c;
        else if (c == '+' && digits.empty()) plus = true;
        else if (text.substr(i).starts_with("(0)") && (plus || digits.starts_with("00"))) i += 2;
        else if (c != ' ' && c != '-' && c != '.' && c != '(' && c != ')' && c != '/') return {};
    }
    std::string out;
    if (plus) {
        out = "+" + digits;
    } else if (digits.starts_with("00")) {
        out = "+" + digits.substr(2);
    } else {
        const auto* dialling = std::ranges::find(diallings, country, &Dialling::country);
        if (dialling == std::end(diallings)) return {};
        if (!dialling->trunk.empty() && digits.starts_with(dialling->trunk)) digits.erase(0, dialling->trunk.size());
        out = "+" + std::string{dialling->code} + digits;
    }
    return is_phone(out) ? out : std::string{};
}

}  // namespace millrace::transform
