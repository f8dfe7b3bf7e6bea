#include "base/uuid.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "base/hash.hpp"
#include "base/random.hpp"

namespace millrace {
namespace {

constexpr bool is_dash(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string Uuid::str() const {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(36);
    for (const auto byte : bytes) {
        if (is_dash(out.size())) out += '-';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    Uuid id;
    std::size_t nibble = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_dash(i)) {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        const int value = hex_value(text[i]);
        if (value < 0) return std::nullopt;
        id.bytes[nibble / 2] = static_cast<std::uint8_t>(nibble % 2 == 0 ? value << 4 : id.bytes[nibble / 2] | value);
        ++nibble;
    }
    return id;
}

Uuid Uuid::from_raw(std::string_view raw) {
    Uuid id;
    if (raw.size() == 16) std::memcpy(id.bytes.data(), raw.data(), 16);
    return id;
}

Uuid Uuid::generate() {
    static std::mutex mutex;
    static std::uint64_t last = 0;  // 48 bits of milliseconds, 12 bits of sequence
    Uuid id;
    fill_random(id.bytes);
    const auto millis = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(SystemClock{}.now()).time_since_epoch().count());
    std::uint64_t stamp = (millis << 12) | ((std::uint64_t{id.bytes[6]} << 4 | id.bytes[7] >> 4) & 0x7ff);
    {
        const std::lock_guard lock{mutex};
        stamp = std::max(stamp, last + 1);
        last = stamp;
    }
    for (int i = 0; i < 6; ++i) id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(stamp >> (52 - 8 * i));
    id.bytes[6] = static_cast<std::uint8_t>(0x70 | ((stamp >> 8) & 0x0f));
    id.bytes[7] = static_cast<std::uint8_t>(stamp);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

Uuid Uuid::from_name(std::string_view space, std::string_view name) {
    Sha256 hash;
    hash.update(space);
    hash.update(std::string_view{"\0", 1});
    hash.update(name);
    const auto digest = hash.finish();
    Uuid id;
    std::memcpy(id.bytes.data(), digest.data(), 16);
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x80);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

}  // namespace millrace
