#include "http/detail/text.hpp"

#include <algorithm>

#include "http/message.hpp"

namespace millrace::http::detail {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    static constexpr std::string_view plain = "!#$&+-.^_`|~";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool letter = (lower(c) >= 'a' && lower(c) <= 'z') || is(c, digit_char);
        if (letter || plain.find(c) != plain.npos) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

std::optional<std::uint64_t> parse_length(std::string_view text) {
    if (text.empty() || text.size() > 19 || !all_are(text, digit_char)) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return value;
}

std::optional<std::string> header_parameter(std::string_view value, std::string_view name) {
    std::size_t at = value.find(';');
    while (at != value.npos && at < value.size()) {
        ++at;
        while (at < value.size() && (value[at] == ' ' || value[at] == '\t')) ++at;
        const auto start = at;
        while (at < value.size() && is(value[at], token_char)) ++at;
        const auto key = value.substr(start, at - start);
        if (at >= value.size() || value[at] != '=') {
            at = value.find(';', at);
            continue;
        }
        ++at;
        std::string text;
        if (at < value.size() && value[at] == '"') {
            for (++at; at < value.size() && value[at] != '"'; ++at) {
                // Browsers send file names with plain backslashes; only \" and \\ are escapes.
                const bool escape = value[at] == '\\' && at + 1 < value.size() && (value[at + 1] == '"' || value[at + 1] == '\\');
                if (escape) ++at;
                text += value[at];
            }
            if (at >= value.size()) return std::nullopt;  // the quote is never closed
            ++at;
        } else {
            const auto end = std::min(value.find(';', at), value.size());
            text = trim(value.substr(at, end - at));
            at = end;
        }
        if (same_name(key, name)) return text;
        at = value.find(';', at);
    }
    return std::nullopt;
}

}  // namespace millrace::http::detail
