#include "base/bytes.hpp"

#include <charconv>
#include <limits>

namespace millrace {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t size;
};

constexpr std::uint64_t k = 1024;
constexpr Unit units[] = {{"TiB", k * k * k * k}, {"GiB", k * k * k}, {"MiB", k * k}, {"KiB", k}, {"B", 1}, {"", 1},
                          {"kB", 1000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}, {"TB", 1'000'000'000'000}};

}  // namespace

std::optional<Bytes> parse_bytes(std::string_view text) {
    std::uint64_t count = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc{}) return std::nullopt;
    std::string_view name{stop, static_cast<std::size_t>(end - stop)};
    while (name.starts_with(' ')) name.remove_prefix(1);
    for (const auto& unit : units) {
        if (name != unit.name) continue;
        if (count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / unit.size) return std::nullopt;
        return Bytes{count * unit.size};
    }
    return std::nullopt;
}

std::string to_string(Bytes bytes) {
    for (const auto& unit : units) {
        if (bytes.count >= unit.size && bytes.count % unit.size == 0) {
            return std::to_string(bytes.count / unit.size) + std::string{unit.size == 1 ? "" : unit.name};
        }
    }
    return "0";
}

}  // namespace millrace
