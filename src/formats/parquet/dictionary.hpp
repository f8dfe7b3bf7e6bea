#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "formats/types.hpp"

namespace millrace::formats::parquet {

__extension__ using Wide = unsigned __int128;

/// Hash of a value, for dictionaries and for estimates of distinct values; the same in every run, not fit against
/// an adversary who knows it (a dictionary that is hit by collisions gives up, it does not slow down).
std::uint64_t hash_value(std::string_view text);
inline std::uint64_t hash_value(std::int64_t value) {
    // Multiply and fold, as in wyhash: both halves of the product depend on every bit.
    const auto product = static_cast<Wide>(static_cast<std::uint64_t>(value) ^ 0x2d358dccaa6c78a5ull) *
                         0x8bb84b93962eacc9ull;
    const auto folded = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    return (folded ^ (folded >> 32)) * 0x9e3779b97f4a7c15ull;
}
inline std::uint64_t hash_value(double value) {
    std::int64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return hash_value(bits);
}

/// The first eight bytes as a number that orders as they do: most comparisons of texts need no more.
inline std::uint64_t order_prefix(std::string_view text) {
    std::uint64_t prefix = 0;
    if (text.size() >= 8) {
        std::memcpy(&prefix, text.data(), 8);
        return __builtin_bswap64(prefix);
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        prefix |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (56 - 8 * i);
    }
    return prefix;
}

/// The different values of a column within one row group, found in one pass that stops as soon as repeats are too
/// rare to pay. Writer and profile share it, so every value is hashed once.
class Dictionary {
public:
    /// Looks at all rows of `column`; memory of earlier columns is kept.
    void build(const Column& column);

    bool complete() const { return complete_; }
    /// Rows looked at: all, or fewer when it gave up.
    std::size_t rows_seen() const { return rows_seen_; }
    /// Different values, in the order in which they came: row of the first one, count, hash.
    const std::vector<std::uint32_t>& first_rows() const { return first_rows_; }
    const std::vector<std::uint32_t>& counts() const { return counts_; }
    const std::vector<std::uint64_t>& hashes() const { return hashes_; }
    /// Per row that is not null: index of its value.
    const std::vector<std::uint32_t>& codes() const { return codes_; }

private:
    template <class Value>
    void scan(const Column& column, Value value);
    void grow();

    bool complete_ = false;
    std::size_t rows_seen_ = 0;
    std::size_t mask_ = 0;
    std::vector<std::uint32_t> slots_;  // code + 1, or 0; open addressing, a power of two, at most half full
    std::vector<std::uint32_t> first_rows_, counts_, codes_;
    std::vector<std::uint64_t> hashes_;
};

}  // namespace millrace::formats::parquet
