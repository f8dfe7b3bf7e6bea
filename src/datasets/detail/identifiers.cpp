#include "datasets/detail/identifiers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace millrace::datasets {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// The letters and digits of an identifier, in capitals; too long for any of them when `size` says so.
struct Compact {
    std::array<char, 40> chars{};
    std::size_t size = 0;
    std::string_view view() const { return {chars.data(), size}; }
};

/// False when there is something else than letters, digits and `marks`, or too much.
bool compact(std::string_view text, std::string_view marks, Compact& out) {
    for (const char c : text) {
        if (marks.contains(c)) continue;
        const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        if ((!is_digit(upper) && !is_upper(upper)) || out.size == out.chars.size()) return false;
        out.chars[out.size++] = upper;
    }
    return true;
}

/// Adds a character to a number written in digits, letters as 10 to 35, modulo 97 (ISO 7064).
unsigned add_mod_97(unsigned rest, char c) {
    return is_digit(c) ? (rest * 10 + static_cast<unsigned>(c - '0')) % 97 : (rest * 100 + static_cast<unsigned>(c - 'A' + 10)) % 97;
}

struct IbanLength {
    std::string_view country;
    std::size_t length;
};
// SWIFT, IBAN registry.
constexpr IbanLength iban_lengths[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22}, {"BR", 29},
    {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29},
    {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28},
    {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20},
    {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NL", 18}, {"NO", 15}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29},
    {"RO", 24}, {"RS", 22}, {"SA", 24}, {"SC", 31}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"ST", 25}, {"SV", 28},
    {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}};

struct VatForm {
    std::string_view country;
    std::string_view form;  ///< 9 a digit, A a letter, X either, anything else itself
};
// European Commission, VIES: structure of VAT identification numbers; GB, NO and CH by their own authorities.
constexpr VatForm vat_forms[] = {
    {"AT", "U99999999"},    {"BE", "0999999999"}, {"BE", "1999999999"}, {"BG", "999999999"},  {"BG", "9999999999"}, {"CY", "99999999A"},
    {"CZ", "99999999"},     {"CZ", "999999999"},  {"CZ", "9999999999"}, {"DE", "999999999"},  {"DK", "99999999"},   {"EE", "999999999"},
    {"EL", "999999999"},    {"ES", "X9999999X"},  {"FI", "99999999"},   {"FR", "XX999999999"}, {"HR", "99999999999"}, {"HU", "99999999"},
    {"IE", "9X99999A"},     {"IE", "9999999AA"},  {"IT", "99999999999"}, {"LT", "999999999"}, {"LT", "999999999999"}, {"LU", "99999999"},
    {"LV", "99999999999"},  {"MT", "99999999"},   {"NL", "999999999B99"}, {"PL", "9999999999"}, {"PT", "999999999"}, {"RO", "9999999999"},
    {"SE", "999999999999"}, {"SI", "99999999"},   {"SK", "9999999999"}, {"GB", "999999999"},  {"GB", "999999999999"}, {"NO", "999999999MVA"},
    {"CH", "E999999999"},   {"CH", "E999999999MWST"}, {"CH", "E999999999TVA"}, {"CH", "E999999999IVA"}};

bool has_form(std::string_view text, std::string_view form) {
    return std::ranges::equal(text, form, [](char c, char f) {
        return f == '9' ? is_digit(c) : f == 'A' ? is_upper(c) : f == 'X' ? is_digit(c) || is_upper(c) : c == f;
    });
}

/// NL: mod 11 over the first eight digits (companies), or mod 97 over all of it (persons, since 2020).
bool check_nl(std::string_view all) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < 8; ++i) sum += static_cast<unsigned>(all[2 + i] - '0') * static_cast<unsigned>(9 - i);
    if (sum % 11 == static_cast<unsigned>(all[10] - '0')) return true;
    unsigned rest = 0;
    for (const char c : all) rest = add_mod_97(rest, c);
    return rest == 1;
}

/// BE: the last two digits are 97 minus the others modulo 97.
bool check_be(std::string_view digits) {
    unsigned rest = 0;
    for (const char c : digits.substr(0, 8)) rest = add_mod_97(rest, c);
    return 97 - rest == static_cast<unsigned>(digits[8] - '0') * 10 + static_cast<unsigned>(digits[9] - '0');
}

/// DE: ISO 7064 mod 11, 10.
bool check_de(std::string_view digits) {
    unsigned product = 10;
    for (const char c : digits.substr(0, 8)) {
        auto sum = (static_cast<unsigned>(c - '0') + product) % 10;
        if (sum == 0) sum = 10;
        product = sum * 2 % 11;
    }
    return (11 - product) % 10 == static_cast<unsigned>(digits[8] - '0');
}

}  // namespace

bool is_iban(std::string_view text) {
    Compact iban;
    if (text.size() < 15 || !compact(text, " ", iban)) return false;
    const auto all = iban.view();
    const auto country = std::ranges::find(iban_lengths, all.substr(0, 2), &IbanLength::country);
    if (country == std::end(iban_lengths) || all.size() != country->length || !is_digit(all[2]) || !is_digit(all[3])) return false;
    unsigned rest = 0;
    for (const char c : all.substr(4)) rest = add_mod_97(rest, c);
    for (const char c : all.substr(0, 4)) rest = add_mod_97(rest, c);
    return rest == 1;
}

bool is_gtin(std::string_view digits) {
    if (digits.size() != 8 && (digits.size() < 12 || digits.size() > 14)) return false;
    unsigned sum = 0, weight = 1;
    bool any = false;
    for (auto at = digits.rbegin(); at != digits.rend(); ++at, weight = 4 - weight) {
        if (!is_digit(*at)) return false;
        any = any || *at != '0';
        sum += static_cast<unsigned>(*at - '0') * weight;
    }
    return any && sum % 10 == 0;
}

bool is_vat_id(std::string_view text) {
    Compact id;
    if (text.size() < 10 || !compact(text, " .-", id)) return false;
    const auto all = id.view();
    const auto country = all.substr(0, 2), rest = all.substr(2);
    const bool form = std::ranges::any_of(vat_forms, [&](const VatForm& f) { return f.country == country && has_form(rest, f.form); });
    if (!form) return false;
    if (country == "NL") return check_nl(all);
    if (country == "BE") return check_be(rest);
    if (country == "DE") return check_de(rest);
    return true;
}

}  // namespace millrace::datasets
