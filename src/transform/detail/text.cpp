#include "transform/detail/text.hpp"

#include <unicode/casemap.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/bytestream.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace millrace::transform {
namespace {

bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_wide_space(std::string_view character) {
    UChar32 point = 0;
    int at = 0;
    U8_NEXT(reinterpret_cast<const std::uint8_t*>(character.data()), at, static_cast<int>(character.size()), point);
    return point == 0xfeff || point == 0x200b || (point > 0 && u_isUWhiteSpace(point));
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

icu::StringPiece piece(std::string_view text) { return {text.data(), static_cast<std::int32_t>(text.size())}; }

}  // namespace

std::size_t space_at_start(std::string_view text) {
    if (text.empty()) return 0;
    if (static_cast<unsigned char>(text.front()) < 0x80) return is_ascii_space(text.front()) ? 1 : 0;
    std::size_t length = 1;
    while (length < text.size() && length < 4 && is_continuation(text[length])) ++length;
    return is_wide_space(text.substr(0, length)) ? length : 0;
}

std::size_t space_at_end(std::string_view text) {
    if (text.empty()) return 0;
    if (static_cast<unsigned char>(text.back()) < 0x80) return is_ascii_space(text.back()) ? 1 : 0;
    std::size_t length = 1;
    while (length < text.size() && length < 4 && is_continuation(text[text.size() - length])) ++length;
    return is_wide_space(text.substr(text.size() - length)) ? length : 0;
}

std::string_view trim(std::string_view text) {
    for (std::size_t n; (n = space_at_start(text)) > 0;) text.remove_prefix(n);
    for (std::size_t n; (n = space_at_end(text)) > 0;) text.remove_suffix(n);
    return text;
}

bool is_ascii(std::string_view text) {
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + i, 8);
        if (word & 0x8080808080808080) return false;
    }
    for (; i < text.size(); ++i) {
        if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
    }
    return true;
}

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

std::size_t offset_of_character(std::string_view text, std::size_t n) {
    std::size_t at = 0;
    for (; n > 0 && at < text.size(); --n) {
        ++at;
        while (at < text.size() && is_continuation(text[at])) ++at;
    }
    return at;
}

std::string to_case(std::string_view text, Case wanted) {
    std::string out;
    icu::StringByteSink<std::string> sink{&out};
    UErrorCode error = U_ZERO_ERROR;
    switch (wanted) {
        case Case::lower: icu::CaseMap::utf8ToLower("", 0, piece(text), sink, nullptr, error); break;
        case Case::upper: icu::CaseMap::utf8ToUpper("", 0, piece(text), sink, nullptr, error); break;
        case Case::title: icu::CaseMap::utf8ToTitle("", 0, nullptr, piece(text), sink, nullptr, error); break;
    }
    return out;
}

std::string without_accents(std::string_view text) {
    constexpr std::pair<std::string_view, std::string_view> others[] = {
        {"\u00df", "ss"}, {"\u00e6", "ae"}, {"\u00c6", "AE"}, {"\u00f8", "o"}, {"\u00d8", "O"}, {"\u0153", "oe"}, {"\u0152", "OE"},
        {"\u0142", "l"}, {"\u0141", "L"}, {"\u0131", "i"}, {"\u0111", "d"}, {"\u0110", "D"}, {"\u00fe", "th"}, {"\u00de", "Th"}, {"\u00f0", "d"}, {"\u00d0", "D"}};
    UErrorCode error = U_ZERO_ERROR;
    std::string apart;
    icu::StringByteSink<std::string> sink{&apart};
    icu::Normalizer2::getNFDInstance(error)->normalizeUTF8(0, piece(text), sink, nullptr, error);
    std::string out;
    for (std::size_t at = 0; at < apart.size();) {
        std::int32_t next = static_cast<std::int32_t>(at);
        UChar32 point = 0;
        U8_NEXT(reinterpret_cast<const std::uint8_t*>(apart.data()), next, static_cast<std::int32_t>(apart.size()), point);
        const auto character = std::string_view{apart}.substr(at, static_cast<std::size_t>(next) - at);
        at = static_cast<std::size_t>(next);
        if (point > 0 && u_charType(point) == U_NON_SPACING_MARK) continue;
        const auto* other = std::ranges::find(others, character, &std::pair<std::string_view, std::string_view>::first);
        out += other != std::end(others) ? other->second : character;
    }
    return out;
}

std::string folded(std::string_view text) { return to_case(without_accents(trim(text)), Case::lower); }

}  // namespace millrace::transform
