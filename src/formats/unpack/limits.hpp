#pragma once

#include <cstdint>

namespace millrace::formats::unpack {

/// What a packed file may become.
struct Limits {
    std::uint64_t bytes = 64ull << 30;   ///< all of it, unpacked
    std::uint64_t ratio = 300;           ///< unpacked to packed, asked above ratio_from_bytes
    std::uint64_t ratio_from_bytes = 100'000'000;
    int layers = 2;                      ///< of compression around a file
};

/// Throws Error{archive_limits} when `unpacked` bytes came out of `packed` ones and that is too much.
void check(const Limits& limits, std::uint64_t unpacked, std::uint64_t packed);

}  // namespace millrace::formats::unpack
