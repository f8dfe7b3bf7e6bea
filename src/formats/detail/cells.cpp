#include "formats/detail/cells.hpp"

namespace millrace::formats {
namespace {

/// Digits with separators, e.g. "-1", "+31 20 1234567", "-1.249,00", "-1e5".
bool is_signed_number(std::string_view text) {
    if (text.size() < 2) return false;
    bool digits = false;
    for (std::size_t i = 1; i < text.size(); ++i) {
        const char c = text[i];
        if (c >= '0' && c <= '9') {
            digits = true;
            continue;
        }
        const bool exponent = (c == 'e' || c == 'E') && digits && i + 1 < text.size() &&
                              text.find_first_not_of("0123456789", i + (text[i + 1] == '+' || text[i + 1] == '-' ? 2 : 1)) == text.npos;
        if (exponent) return text.back() >= '0' && text.back() <= '9';
        if (c != '.' && c != ',' && c != ' ') return false;
    }
    return digits;
}

}  // namespace

bool is_formula(std::string_view text) {
    while (text.starts_with('\'')) text.remove_prefix(1);
    if (text.empty()) return false;
    switch (text.front()) {
        case '=':
        case '@':
        case '\t':
        case '\r':
        case '\n':
        case '\0':
            return true;
        case '+':
        case '-':
            return !is_signed_number(text);
        case '\xef':  // the same characters in full width
            return text.starts_with("\xef\xbc\x9d") || text.starts_with("\xef\xbc\x8b") || text.starts_with("\xef\xbc\x8d") ||
                   text.starts_with("\xef\xbc\xa0");
        default:
            return false;
    }
}

}  // namespace millrace::formats
