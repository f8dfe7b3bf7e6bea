#include "capture/detail/base64.hpp"

#include <array>
#include <cstdint>

#include "base/error.hpp"

namespace millrace::capture::detail {
namespace {

constexpr std::uint8_t no_digit = 0xff;

constexpr auto digits = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_digit);
    constexpr char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::uint8_t i = 0; i < 64; ++i) table[static_cast<std::uint8_t>(all[i])] = i;
    return table;
}();

}  // namespace

void decode_base64(std::string& text) {
    while (text.ends_with('=')) text.pop_back();
    std::size_t out = 0;
    std::uint32_t bits = 0;
    int count = 0;
    for (std::size_t in = 0; in < text.size(); ++in) {
        const auto digit = digits[static_cast<std::uint8_t>(text[in])];
        if (digit == no_digit) throw Error{Code::capture_failed, {{"what", "an artefact"}, {"why", "it is not base64"}}};
        bits = bits << 6 | digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            text[out++] = static_cast<char>(bits >> count & 0xff);
        }
    }
    text.resize(out);
}

}  // namespace millrace::capture::detail
