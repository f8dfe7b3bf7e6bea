#pragma once

#include <algorithm>
#include <string>

#include "formats/format.hpp"

namespace millrace::documents {

/// Bytes in memory.
struct BytesSource final : formats::Source {
    std::string bytes;
    explicit BytesSource(std::string all) : bytes{std::move(all)} {}
    std::uint64_t size() const override { return bytes.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return bytes.copy(into.data(), into.size(), std::min<std::uint64_t>(offset, bytes.size()));
    }
};

}  // namespace millrace::documents
