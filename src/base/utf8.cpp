#include "base/utf8.hpp"

#include <simdjson.h>

namespace millrace {

std::size_t utf8_length(std::string_view text) {
    if (text.empty()) return 0;
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i) { return i < text.size() && (at(i) & 0xc0) == 0x80; };
    const unsigned char c = at(0);
    if (c < 0x80) return 1;
    if (c >= 0xc2 && c <= 0xdf) return follows(1) ? 2 : 0;
    if (c >= 0xe0 && c <= 0xef) {
        if (!follows(1) || !follows(2)) return 0;
        if (c == 0xe0 && at(1) < 0xa0) return 0;
        if (c == 0xed && at(1) > 0x9f) return 0;
        return 3;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        if (!follows(1) || !follows(2) || !follows(3)) return 0;
        if (c == 0xf0 && at(1) < 0x90) return 0;
        if (c == 0xf4 && at(1) > 0x8f) return 0;
        return 4;
    }
    return 0;
}

std::size_t first_invalid_utf8(std::string_view text) {
    if (simdjson::validate_utf8(text.data(), text.size())) return std::string_view::npos;
    for (std::size_t i = 0; i < text.size();) {
        const auto length = utf8_length(text.substr(i));
        if (length == 0) return i;
        i += length;
    }
    return std::string_view::npos;
}

}  // namespace millrace
