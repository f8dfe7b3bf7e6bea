#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Characters of HTTP (RFC 9110 section 5.6) and small things made of them.
namespace millrace::http::detail {

enum CharClass : std::uint8_t { token_char = 1, value_char = 2, target_char = 4, hex_char = 8, digit_char = 16 };

constexpr std::array<std::uint8_t, 256> make_char_classes() {
    std::array<std::uint8_t, 256> table{};
    const auto mark = [&](std::string_view chars, std::uint8_t kind) {
        for (const char c : chars) table[static_cast<unsigned char>(c)] |= kind;
    };
    constexpr std::string_view digits = "0123456789";
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    mark(digits, token_char | hex_char | digit_char);
    mark(letters, token_char);
    mark("abcdefABCDEF", hex_char);
    mark("!#$%&'*+-.^_`|~", token_char);
    mark(" \t", value_char);
    for (std::size_t c = 0x21; c < 0x7f; ++c) table[c] |= value_char | target_char;
    for (std::size_t c = 0x80; c < 0x100; ++c) table[c] |= value_char;  // obs-text: raw UTF-8 in practice
    table['#'] &= static_cast<std::uint8_t>(~target_char);              // a fragment is never sent
    return table;
}
inline constexpr auto char_classes = make_char_classes();

constexpr bool is(char c, CharClass kind) { return (char_classes[static_cast<unsigned char>(c)] & kind) != 0; }
constexpr bool all_are(std::string_view text, CharClass kind) {
    for (const char c : text) {
        if (!is(c, kind)) return false;
    }
    return true;
}
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// `text` without spaces and tabs at its ends.
std::string_view trim(std::string_view text);
/// Calls `each` with the trimmed, non-empty elements of a list.
template <class F>
void split(std::string_view text, char separator, F each) {
    while (!text.empty()) {
        const auto end = text.find(separator);
        const auto item = trim(text.substr(0, end));
        if (!item.empty()) each(item);
        text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    }
}

/// Decodes percent escapes (and '+' as space when `plus`); nothing when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text, bool plus);
/// Escapes everything but the characters RFC 8187 allows plain.
std::string percent_encode(std::string_view text);
/// Digits only, at most 2^63 - 1.
std::optional<std::uint64_t> parse_length(std::string_view text);

/// Value of parameter `name` of a header such as `form-data; name="a"`; backslash escapes undone, nothing when absent.
std::optional<std::string> header_parameter(std::string_view value, std::string_view name);

}  // namespace millrace::http::detail
