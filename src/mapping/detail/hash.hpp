#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::mapping::detail {

/// FNV-1a with a final mix (murmur3's), so that every bit depends on every byte. The same on every machine.
inline std::uint64_t hash(std::string_view text, std::uint64_t seed = 0) {
    std::uint64_t h = 0xcbf29ce484222325ull ^ seed;
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdull;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ull;
    return h ^ (h >> 33);
}

}  // namespace millrace::mapping::detail
