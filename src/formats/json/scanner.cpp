#include "formats/json/detail/scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace millrace::formats::json_files {
namespace {

constexpr std::uint64_t every(unsigned char c) { return 0x0101010101010101ULL * c; }

/// The high bit of each byte that is zero; bits above the lowest one may be set wrongly.
constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - every(1)) & ~word & every(0x80); }
constexpr std::uint64_t bytes_below(std::uint64_t word, unsigned char n) { return (word - every(n)) & ~word & every(0x80); }

/// The first quote, backslash or control character.
const char* end_of_plain(const char* p, const char* end) {
    static_assert(std::endian::native == std::endian::little);
    while (end - p >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, 8);
        const auto hit = bytes_below(word, 0x20) | zero_bytes(word ^ every('"')) | zero_bytes(word ^ every('\\'));
        if (hit != 0) return p + std::countr_zero(hit) / 8;
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20) ++p;
    return p;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_of(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void append_character(std::string& out, unsigned c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
        return;
    }
    if (c < 0x800) {
        out += static_cast<char>(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        out += static_cast<char>(0xe0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    }
    out += static_cast<char>(0x80 | (c & 0x3f));
}

bool is_high(unsigned unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(unsigned unit) { return unit >= 0xdc00 && unit < 0xe000; }

unsigned unit_at(std::string_view text, std::size_t at) {
    unsigned unit = 0;
    for (std::size_t i = 0; i < 4; ++i) unit = unit << 4 | static_cast<unsigned>(hex_of(text[at + i]));
    return unit;
}

}  // namespace

bool Scanner::refuse(std::string_view why, std::string_view code) {
    outcome_ = Outcome::malformed;
    fault_ = {code, std::string{why}, at()};
    return false;
}

bool Scanner::ended() {
    if (complete_) {
        at_ = end_;
        return refuse("the text ends here, inside a value");
    }
    outcome_ = Outcome::need_more;
    return false;
}

void Scanner::note(std::string_view code, std::string_view why, std::size_t at) {
    if (!has_fault()) fault_ = {code, std::string{why}, at};
}

bool Scanner::string(RawString& out) {
    const char* const from = ++at_;
    out.escaped = false;
    for (;;) {
        at_ = end_of_plain(at_, end_);
        if (at_ == end_) return ended();
        if (*at_ == '"') break;
        if (*at_ != '\\') return refuse("a control character in a string");
        out.escaped = true;
        if (!escape()) return false;
    }
    out.text = {from, static_cast<std::size_t>(at_ - from)};
    ++at_;
    return true;
}

bool Scanner::escape() {
    const auto from = at();
    if (end_ - at_ < 2) return ended();
    ++at_;
    if (*at_ != 'u') {
        if (std::string_view{"\"\\/bfnrt"}.find(*at_) == std::string_view::npos) return refuse("an unknown escape in a string");
        ++at_;
        return true;
    }
    unsigned unit = 0;
    if (!hex4(unit)) return false;
    if (is_low(unit)) note("lone_surrogate", "the second half of a surrogate pair without its first", from);
    if (!is_high(unit)) return true;
    if (end_ - at_ < 2 && !complete_) return ended();
    if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') {
        note("lone_surrogate", "the first half of a surrogate pair without its second", from);
        return true;
    }
    const char* const second = at_;
    ++at_;
    if (!hex4(unit)) return false;
    if (is_low(unit)) return true;
    note("lone_surrogate", "the first half of a surrogate pair without its second", from);
    at_ = second;  // it is judged by itself
    return true;
}

/// at_ is at the `u`.
bool Scanner::hex4(unsigned& unit) {
    ++at_;
    unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
        if (at_ == end_) return ended();
        const int digit = hex_of(*at_);
        if (digit < 0) return refuse("expected four hexadecimal digits behind \\u");
        unit = unit << 4 | static_cast<unsigned>(digit);
    }
    return true;
}

bool Scanner::digits() {
    if (at_ == end_) return ended();
    if (!is_digit(*at_)) return refuse("expected a digit");
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return true;
}

bool Scanner::number() {
    if (*at_ == '-') {
        ++at_;
        if (at_ == end_) return ended();
        if (*at_ == 'I') return word();
    }
    if (at_ < end_ && *at_ == '0') {
        ++at_;
        if (at_ < end_ && is_digit(*at_)) return refuse("a number with a leading zero");
    } else if (!digits()) {
        return false;
    }
    if (at_ < end_ && *at_ == '.') {
        ++at_;
        if (!digits()) return false;
    }
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
        ++at_;
        if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
        if (!digits()) return false;
    }
    // Its end is seen by what follows.
    return at_ < end_ || complete_ || ended();
}

bool Scanner::starts_with(std::string_view word) {
    const auto there = std::min(word.size(), static_cast<std::size_t>(end_ - at_));
    return std::string_view{at_, there} == word.substr(0, there);
}

bool Scanner::word() {
    struct Word {
        std::string_view text;
        bool finite;
    };
    static constexpr Word words[] = {{"true", true}, {"false", true}, {"null", true}, {"NaN", false}, {"Infinity", false}};
    for (const auto& known : words) {
        if (!starts_with(known.text)) continue;
        if (static_cast<std::size_t>(end_ - at_) < known.text.size()) return ended();
        if (!known.finite) note("not_finite", fmt::format("{} is not a number of JSON", known.text), at());
        at_ += known.text.size();
        return true;
    }
    return refuse("expected a value");
}

bool Scanner::skip(int depth) {
    char c = 0;
    if (!peek(c)) return false;
    RawString ignored;
    if (c == '"') return string(ignored);
    if (c == '-' || is_digit(c)) return number();
    if (c != '{' && c != '[') return word();
    if (depth > depth_max) return refuse(fmt::format("nested more than {} deep", depth_max), "too_deep");
    const char close = c == '{' ? '}' : ']';
    take();
    if (!peek(c)) return false;
    if (c == close) return take(), true;
    for (;;) {
        if (close == '}') {
            if (!peek(c)) return false;
            if (c != '"') return refuse("expected a key in double quotes");
            if (!string(ignored) || !colon()) return false;
        }
        if (!skip(depth + 1) || !peek(c)) return false;
        if (c != ',' && c != close) return refuse(close == '}' ? "expected a comma or }" : "expected a comma or ]");
        take();
        if (c == close) return true;
    }
}

void unescape(std::string& out, std::string_view raw) {
    for (std::size_t i = 0; i < raw.size();) {
        const auto backslash = std::min(raw.find('\\', i), raw.size());
        out += raw.substr(i, backslash - i);
        if (backslash == raw.size()) return;
        const char c = raw[backslash + 1];
        i = backslash + 2;
        static constexpr std::string_view letters = "bfnrt";
        static constexpr std::string_view meant = "\b\f\n\r\t";
        if (c != 'u') {
            const auto at = letters.find(c);
            out += at == std::string_view::npos ? c : meant[at];
            continue;
        }
        auto unit = unit_at(raw, i);
        i += 4;
        if (is_high(unit) && raw.substr(i, 2) == "\\u" && is_low(unit_at(raw, i + 2))) {
            unit = 0x10000 + ((unit - 0xd800) << 10) + (unit_at(raw, i + 2) - 0xdc00);
            i += 6;
        }
        if (!is_high(unit) && !is_low(unit)) append_character(out, unit);
    }
}

}  // namespace millrace::formats::json_files
