#include <algorithm>
#include <array>
#include <string>

#include "documents/fields/parts.hpp"

namespace millrace::documents::fields {
namespace {

struct Country {
    std::string_view code;
    std::size_t iban;  ///< characters; ISO 13616
    bool digits;       ///< only digits behind the first four characters
};

constexpr Country countries[] = {
    {"AT", 20, true},  {"BE", 16, true},  {"BG", 22, false}, {"CH", 21, false}, {"CY", 28, false}, {"CZ", 24, true},  {"DE", 22, true},  {"DK", 18, true},  {"EE", 20, true},
    {"ES", 24, true},  {"FI", 18, true},  {"FR", 27, false}, {"GB", 22, false}, {"GR", 27, false}, {"HR", 21, true},  {"HU", 28, true},  {"IE", 22, false}, {"IS", 26, true},
    {"IT", 27, false}, {"LI", 21, false}, {"LT", 20, true},  {"LU", 20, false}, {"LV", 21, false}, {"MC", 27, false}, {"MT", 31, false}, {"NL", 18, false}, {"NO", 15, true},
    {"PL", 28, true},  {"PT", 25, true},  {"RO", 24, false}, {"SE", 24, true},  {"SI", 19, true},  {"SK", 24, true},  {"SM", 27, false}, {"TR", 26, false},
};

const Country* country_of(std::string_view code) {
    const auto found = std::ranges::find(countries, code, &Country::code);
    return found == std::end(countries) ? nullptr : &*found;
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

/// ISO 7064 MOD 97-10.
bool is_valid_iban(std::string_view iban) {
    int rest = 0;
    for (std::size_t i = 0; i < iban.size(); ++i) {
        const char c = iban[(i + 4) % iban.size()];
        rest = is_digit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
    }
    return rest == 1;
}

/// What a reader of pictures takes for each other.
char as_digit(char c) {
    switch (c) {
        case 'O': case 'Q': case 'D': return '0';
        case 'I': case 'L': case '|': return '1';
        case 'Z': return '2';
        case 'S': return '5';
        case 'B': return '8';
        case 'G': return '6';
        default: return c;
    }
}

/// A code without the marks between its parts, and where each character stood.
struct Compact {
    std::string text;
    std::vector<int> columns;
};

/// Characters from `from` on, over spaces, dots and dashes of at most two, up to `count`.
Compact compact(std::string_view plain, std::size_t from, std::size_t count) {
    Compact out;
    int gap = 0;
    for (auto i = from; i < plain.size() && out.text.size() < count; ++i) {
        if (is_word(plain[i]) || plain[i] == '|') {
            out.text += upper(plain[i]);
            out.columns.push_back(static_cast<int>(i));
            gap = 0;
        } else if ((plain[i] != ' ' && plain[i] != '.' && plain[i] != '-') || ++gap > 2) {
            break;
        }
    }
    return out;
}

bool begins_word(std::string_view text, std::size_t at) { return at == 0 || !is_word(text[at - 1]); }

/// Tries what the picture may have meant, until the check digits are right.
std::optional<std::string> mended_iban(std::string iban, const Country& country) {
    for (std::size_t i = 2; i < iban.size(); ++i) {
        if (i < 4 || country.digits) iban[i] = as_digit(iban[i]);
    }
    if (country.code == "NL") {
        for (std::size_t i = 8; i < iban.size(); ++i) iban[i] = as_digit(iban[i]);
        for (std::size_t i = 4; i < 8; ++i) iban[i] = iban[i] == '0' ? 'O' : iban[i] == '1' ? 'I' : iban[i] == '8' ? 'B' : iban[i] == '5' ? 'S' : iban[i];
    }
    if (is_valid_iban(iban)) return iban;
    for (std::size_t i = 4; i < iban.size(); ++i) {
        auto other = iban;
        other[i] = is_digit(iban[i]) ? (iban[i] == '0' ? 'O' : iban[i] == '1' ? 'I' : iban[i] == '8' ? 'B' : iban[i] == '5' ? 'S' : iban[i]) : as_digit(iban[i]);
        if (other != iban && is_valid_iban(other)) return other;
    }
    return std::nullopt;
}

struct VatForm {
    std::string_view country, form;  ///< 9 a digit, A a letter, * either, else itself
};

// Sources: European Commission, "VIES FAQ Q11"; UID register of Switzerland; GST portals of India and Malaysia.
constexpr VatForm vat_forms[] = {
    {"NL", "999999999B99"}, {"DE", "999999999"}, {"FR", "**999999999"}, {"BE", "0999999999"}, {"BE", "1999999999"}, {"GB", "999999999"}, {"LU", "99999999"}, {"AT", "U99999999"}, {"ES", "*9999999*"},
    {"IT", "99999999999"}, {"IE", "9*99999AA"}, {"IE", "9*99999A"}, {"PL", "9999999999"}, {"PT", "999999999"}, {"DK", "99999999"}, {"SE", "999999999999"}, {"FI", "99999999"}, {"CZ", "99999999"}, {"EL", "999999999"},
    {"HU", "99999999"}, {"SK", "9999999999"}, {"SI", "99999999"}, {"EE", "999999999"}, {"LV", "99999999999"}, {"LT", "999999999"}, {"RO", "99999999"}, {"BG", "999999999"}, {"HR", "99999999999"}, {"CHE", "999999999"},
    {"EU", "999999999"},
};

bool fits(std::string& text, std::string_view form) {
    if (text.size() != form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] == '9' || is_digit(form[i])) text[i] = as_digit(text[i]);
        const bool right = form[i] == '9' ? is_digit(text[i]) : form[i] == 'A' ? is_letter(text[i]) : form[i] == '*' ? is_word(text[i]) : text[i] == form[i];
        if (!right) return false;
    }
    return true;
}

struct Code {
    std::size_t line = 0;
    Span span;
    std::string value;
    double score = 0;
};

std::optional<Field> best_of(const std::vector<Line>& lines, const std::vector<Code>& codes) {
    const auto best = std::ranges::max_element(codes, {}, &Code::score);
    if (best == codes.end()) return std::nullopt;
    return field_at(lines[best->line], best->span, best->value, confidence_of(best->score, 0));
}

bool has(const Line& line, Kind kind) {
    return std::ranges::any_of(line.labels, [&](const Label& label) { return label.kind == kind; });
}

/// Does this line, or one of the two before it, speak of whom the document was sent to?
bool is_of_customer(const std::vector<Line>& lines, std::size_t number) {
    for (std::size_t up = 0; up <= 2 && up <= number; ++up) {
        if (has(lines[number - up], Kind::customer)) return true;
    }
    return false;
}

void vat_ids_at(const std::vector<Line>& lines, std::size_t number, std::size_t at, std::vector<Code>& found) {
    const auto& line = lines[number];
    for (const auto& [country, form] : vat_forms) {
        auto code = compact(line.plain, at, country.size() + form.size());
        auto rest = code.text.size() >= country.size() ? code.text.substr(country.size()) : std::string{};
        if (!code.text.starts_with(country) || !fits(rest, form)) continue;
        const auto end = static_cast<std::size_t>(code.columns.back()) + 1;
        if (end < line.plain.size() && is_word(line.plain[end])) continue;
        const bool labelled = has(line, Kind::vat) || has(line, Kind::tax) || (number > 0 && has(lines[number - 1], Kind::vat));
        const double score = (labelled ? 5 : 1) - (is_of_customer(lines, number) ? 3 : 0) + (country == "NL" || country == "CHE" || country == "AT" ? 1 : 0);
        if (score >= 1) found.push_back({number, {static_cast<int>(at), static_cast<int>(end)}, std::string{country} + rest, score});
        return;
    }
}

/// "GST ID: 000123456789" and "GSTIN 29AABCU9603R1ZX": numbers that only their label tells.
void labelled_ids(const std::vector<Line>& lines, std::size_t number, std::vector<Code>& found) {
    const auto& line = lines[number];
    for (const auto& label : line.labels) {
        if (label.kind != Kind::vat) continue;
        auto at = static_cast<std::size_t>(label.end);
        while (at < line.plain.size() && !is_word(line.plain[at]) && at < static_cast<std::size_t>(label.end) + 6) ++at;
        auto end = at;
        while (end < line.plain.size() && (is_word(line.plain[end]) || ((line.plain[end] == '.' || line.plain[end] == '-') && end + 1 < line.plain.size() && is_word(line.plain[end + 1])))) ++end;
        std::string value;
        for (auto i = at; i < end; ++i) {
            if (is_word(line.plain[i])) value += upper(line.plain[i]);
        }
        const auto digits = std::ranges::count_if(value, is_digit);
        if (value.size() < 8 || value.size() > 16 || digits * 2 < static_cast<std::ptrdiff_t>(value.size())) continue;
        found.push_back({number, {static_cast<int>(at), static_cast<int>(end)}, std::move(value), is_of_customer(lines, number) ? 0.5 : 3});
    }
}

bool is_bic(std::string_view word) {
    if (word.size() != 8 && word.size() != 11) return false;
    if (!std::ranges::all_of(word.substr(0, 6), [](char c) { return c >= 'A' && c <= 'Z'; })) return false;
    return country_of(word.substr(4, 2)) != nullptr || word.substr(4, 2) == "US" || word.substr(4, 2) == "MY" || word.substr(4, 2) == "IN" || word.substr(4, 2) == "SG";
}

}  // namespace

std::optional<Field> find_iban(const std::vector<Line>& lines) {
    std::vector<Code> found;
    for (std::size_t number = 0; number < lines.size(); ++number) {
        const auto& plain = lines[number].plain;
        for (std::size_t at = 0; at + 4 < plain.size(); ++at) {
            const bool begins = begins_word(plain, at) || (at >= 4 && lines[number].folded.substr(at - 4, 4) == "iban");
            if (!begins || !is_letter(plain[at])) continue;
            const std::array<char, 2> letters{upper(plain[at]), upper(plain[at + 1])};
            const auto* country = country_of({letters.data(), 2});
            if (country == nullptr) continue;
            const auto code = compact(plain, at, country->iban);
            if (code.text.size() != country->iban) continue;
            if (auto iban = mended_iban(code.text, *country)) {
                found.push_back({number, {static_cast<int>(at), code.columns.back() + 1}, *iban, is_of_customer(lines, number) ? 3.0 : 6.0});
            }
        }
    }
    return best_of(lines, found);
}

std::optional<Field> find_vat(const std::vector<Line>& lines) {
    std::vector<Code> found;
    for (std::size_t number = 0; number < lines.size(); ++number) {
        const auto& plain = lines[number].plain;
        for (std::size_t at = 0; at + 8 < plain.size(); ++at) {
            if (begins_word(plain, at) && is_letter(plain[at]) && is_letter(plain[at + 1])) vat_ids_at(lines, number, at, found);
        }
        labelled_ids(lines, number, found);
    }
    return best_of(lines, found);
}

std::optional<Field> find_bic(const std::vector<Line>& lines) {
    std::vector<Code> found;
    for (std::size_t number = 0; number < lines.size(); ++number) {
        const bool labelled = has(lines[number], Kind::bic) || (number > 0 && has(lines[number - 1], Kind::bic));
        if (!labelled) continue;
        const auto& plain = lines[number].plain;
        for (std::size_t at = 0; at < plain.size(); ++at) {
            if (!begins_word(plain, at) || !is_letter(plain[at])) continue;
            auto end = at;
            while (end < plain.size() && is_word(plain[end])) ++end;
            auto word = plain.substr(at, end - at);
            // "INGB NL 2A" and "DEUT DE FF 500": written in parts.
            if (word.size() == 4) {
                for (const std::size_t size : {std::size_t{11}, std::size_t{8}}) {
                    const auto code = compact(plain, at, size);
                    const auto last = code.text.empty() ? at : static_cast<std::size_t>(code.columns.back()) + 1;
                    if (is_bic(code.text) && (last >= plain.size() || !is_word(plain[last]))) {
                        word = code.text, end = last;
                        break;
                    }
                }
            }
            if (is_bic(word)) found.push_back({number, {static_cast<int>(at), static_cast<int>(end)}, word, has(lines[number], Kind::bic) ? 5.0 : 3.0});
        }
    }
    return best_of(lines, found);
}

}  // namespace millrace::documents::fields
