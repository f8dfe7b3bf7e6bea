#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.hpp"

/// Little-endian numbers and texts of the old Office formats.
namespace millrace::formats::xls {

[[noreturn]] inline void damaged(const char* why) { throw Error{Code::malformed_file, {{"why", why}}}; }

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
    T number;
    if (at > bytes.size() || bytes.size() - at < sizeof number) damaged("a record is too short");
    std::memcpy(&number, bytes.data() + at, sizeof number);  // this program runs on little-endian machines
    return number;
}
inline std::uint8_t u8(std::string_view bytes, std::size_t at) { return number_at<std::uint8_t>(bytes, at); }
inline std::uint16_t u16(std::string_view bytes, std::size_t at) { return number_at<std::uint16_t>(bytes, at); }
inline std::uint32_t u32(std::string_view bytes, std::size_t at) { return number_at<std::uint32_t>(bytes, at); }

/// Appends one UTF-16 unit after the other as UTF-8; what is no character becomes U+FFFD.
class Utf16Writer {
public:
    explicit Utf16Writer(std::string& out) : out_{out} {}
    void append(std::uint32_t unit) {
        const bool high = unit >= 0xd800 && unit < 0xdc00;
        const bool low = unit >= 0xdc00 && unit < 0xe000;
        if (high_ != 0 && low) {
            put(0x10000 + ((high_ - 0xd800) << 10) + (unit - 0xdc00));
            high_ = 0;
            return;
        }
        finish();
        if (high) high_ = unit;
        else put(low || unit == 0 ? 0xfffd : unit);
    }
    void finish() {
        if (high_ != 0) put(0xfffd);
        high_ = 0;
    }

private:
    void put(std::uint32_t c) {
        const auto byte = [&](std::uint32_t b) { out_ += static_cast<char>(b); };
        if (c < 0x80) return byte(c);
        if (c < 0x800) return byte(0xc0 | c >> 6), byte(0x80 | (c & 0x3f));
        if (c < 0x10000) return byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f));
        byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 0x3f)), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f));
    }

    std::string& out_;
    std::uint32_t high_ = 0;
};

/// Appends `count` characters from the front of `bytes` and passes them; Latin-1 or UTF-16.
inline void take_characters(std::string& out, std::string_view& bytes, std::size_t count, bool wide) {
    if (bytes.size() < count * (wide ? 2 : 1)) damaged("a text is too short");
    Utf16Writer writer{out};
    for (std::size_t i = 0; i < count; ++i) writer.append(wide ? u16(bytes, 2 * i) : static_cast<unsigned char>(bytes[i]));
    writer.finish();
    bytes.remove_prefix(count * (wide ? 2 : 1));
}

}  // namespace millrace::formats::xls
