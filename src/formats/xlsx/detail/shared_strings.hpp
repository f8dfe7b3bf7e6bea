#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/sheet/archive.hpp"
#include "formats/sheet/xml.hpp"

namespace millrace::formats::xlsx {

/// The strings that cells name by number. Kept in one stretch of memory that is reserved for what the part may hold at
/// most and filled from its start, so that growing never copies.
class SharedStrings {
public:
    static constexpr std::uint64_t bytes_max = 256u << 20;

    SharedStrings() = default;
    /// `bytes_hint`: how large the part is. Throws Error{malformed_file | parser_limits}.
    SharedStrings(sheet::ByteStream& bytes, std::uint64_t bytes_hint);

    std::size_t size() const { return ends_.size(); }
    std::string_view operator[](std::size_t index) const {
        const auto begin = index == 0 ? 0 : ends_[index - 1];
        return {text_.get() + begin, ends_[index] - begin};
    }

private:
    friend struct SharedStringsHandler;
    void append(std::string_view text);

    std::unique_ptr<char[]> text_;
    std::uint64_t capacity_ = 0;
    std::uint64_t used_ = 0;
    std::vector<std::uint32_t> ends_;
};

/// Undoes the escapes of characters that XML cannot hold, _x000D_ for a carriage return, from `begin` on. Others than
/// control characters, and the zero, stay as they are.
std::size_t undo_escapes(char* text, std::size_t size);

}  // namespace millrace::formats::xlsx
