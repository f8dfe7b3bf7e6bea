#include "base/random.hpp"

#include <sys/random.h>

#include <stdexcept>

namespace millrace {

void fill_random(std::span<std::uint8_t> bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
        const auto n = ::getrandom(bytes.data() + done, bytes.size() - done, 0);
        if (n < 0) throw std::runtime_error("getrandom failed");
        done += static_cast<std::size_t>(n);
    }
}

std::uint64_t SystemRandom::next() {
    std::uint64_t value = 0;
    fill_random({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
    return value;
}

std::string random_base62(std::size_t length) {
    static constexpr char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string out;
    std::uint8_t byte = 0;
    while (out.size() < length) {
        fill_random({&byte, 1});
        if (byte < 62 * 4) out += digits[byte % 62];  // rejection keeps the digits uniform
    }
    return out;
}

}  // namespace millrace
