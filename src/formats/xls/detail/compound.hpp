#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.hpp"

namespace millrace::formats::xls {

/// A stream inside a compound file: bytes that can be read from any offset.
class Stream {
public:
    Stream(Source& source, std::vector<std::uint64_t> pieces, std::uint32_t piece_bytes, std::uint64_t size)
        : source_{source}, pieces_{std::move(pieces)}, piece_bytes_{piece_bytes}, size_{size} {}

    std::uint64_t size() const { return size_; }
    /// Fills `into`, or throws Error{malformed_file} where the stream or the file ends.
    void read(std::uint64_t offset, std::span<char> into);

private:
    Source& source_;
    std::vector<std::uint64_t> pieces_;  ///< where each piece of the stream stands in the source
    std::uint32_t piece_bytes_;
    std::uint64_t size_;
};

/// The container of the old Office formats: a file system of sectors. Memory follows the size of the file.
class Compound {
public:
    /// `source` has to outlive it. Throws Error{malformed_file}.
    explicit Compound(Source& source);

    bool has(std::string_view name) const { return find(name) != nullptr; }
    /// The stream of that (ASCII) name at any level.
    std::optional<Stream> open(std::string_view name) const;

private:
    struct Entry {
        std::string name;
        std::uint8_t type = 0;
        std::uint32_t first = 0;
        std::uint64_t size = 0;
    };

    const Entry* find(std::string_view name) const;
    std::uint64_t place_of(std::uint32_t sector) const { return (std::uint64_t{sector} + 1) * sector_bytes_; }
    std::vector<char> read_sector(std::uint32_t sector) const;
    void read_table(std::string_view header);
    void read_directory(std::uint32_t first);
    std::vector<std::uint32_t> chain(const std::vector<std::uint32_t>& table, std::uint32_t first, std::uint64_t sectors_max) const;

    Source& source_;
    std::uint32_t sector_bytes_ = 512;
    std::uint32_t small_bytes_max_ = 4096;  ///< streams below this lie in small sectors
    std::vector<std::uint32_t> table_;        ///< per sector the next one
    std::vector<std::uint32_t> small_table_;  ///< the same of the small sectors
    std::vector<Entry> entries_;
};

}  // namespace millrace::formats::xls
