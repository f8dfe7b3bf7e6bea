#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace {

/// A number of bytes in settings: "64MiB", "10GB", "512".
struct Bytes {
    std::uint64_t count = 0;

    auto operator<=>(const Bytes&) const = default;
};

/// Reads a whole number with an optional unit: B, KiB, MiB, GiB, TiB (powers of 1024), kB, MB, GB, TB (powers of 1000).
/// Nothing for anything else, and beyond 2^63 - 1.
std::optional<Bytes> parse_bytes(std::string_view text);
/// In the largest binary unit that is exact, e.g. "64MiB".
std::string to_string(Bytes bytes);

}  // namespace millrace
