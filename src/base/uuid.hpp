#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace millrace {

/// 128-bit id. Generated ones are UUIDv7 (RFC 9562): ordered by time, and inside this process by creation.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const Uuid&) const = default;
    bool is_nil() const { return *this == Uuid{}; }
    std::string_view raw() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

    /// Lower case, 8-4-4-4-12.
    std::string str() const;
    /// Only the canonical form: 36 characters, hex of either case.
    static std::optional<Uuid> parse(std::string_view text);
    static Uuid from_raw(std::string_view sixteen_bytes);
    /// A new UUIDv7; strictly increasing inside this process. Thread-safe.
    static Uuid generate();
    /// A stable id (version 8) for a name: the same name always gives the same id.
    static Uuid from_name(std::string_view space, std::string_view name);
};

inline std::string to_string(const Uuid& id) { return id.str(); }

}  // namespace millrace

template <>
struct std::hash<millrace::Uuid> {
    std::size_t operator()(const millrace::Uuid& id) const noexcept {
        return std::hash<std::string_view>{}(id.raw());
    }
};
