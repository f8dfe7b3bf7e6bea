#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace millrace {

/// Where randomness comes from, so that a test can fix it. Implementations are safe to call from any thread.
struct Random {
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;
    /// Uniform in [0, 1).
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

/// Randomness of the operating system; fit for secrets.
struct SystemRandom final : Random {
    std::uint64_t next() override;
};

void fill_random(std::span<std::uint8_t> bytes);

/// `length` characters of base62 from the operating system; 43 of them hold 256 bits.
std::string random_base62(std::size_t length);

}  // namespace millrace
