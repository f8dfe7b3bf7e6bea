#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/arena.hpp"
#include "formats/format.hpp"
#include "formats/xml/detail/outline.hpp"

namespace millrace::formats::xml {

/// The elements of one row, and what they become as cells.
class Record {
public:
    explicit Record(Outline& outline) : outline_{outline} {}

    void clear();
    void start(Outline::Path path, const char** attributes);
    void text(std::string_view text);
    /// True when the row itself has ended.
    bool end();
    /// Of memory, about.
    std::uint64_t bytes() const { return bytes_; }

    /// Writes the cells of a row, which are null.
    void put(Cell* cells, Arena& arena);

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    static constexpr std::size_t kept_bytes_max = 64 * 1024;  ///< memory of larger texts is not kept for the next row
    struct Part {
        Outline::Path path = Outline::top;
        std::uint32_t above = none;
        std::uint32_t first = none;  ///< child
        std::uint32_t last = none;
        std::uint32_t next = none;   ///< sibling
        bool is_attribute = false;
        std::string text;
    };
    std::uint32_t add(Outline::Path path);
    std::string_view value(const Part& part) const;
    void put_part(std::uint32_t part, Cell* cells, Arena& arena);
    void put_text(const Part& part, Cell* cells, Arena& arena) const;
    void append_json(std::string& out, std::uint32_t part) const;

    Outline& outline_;
    std::vector<Part> parts_;  ///< in order of the document, the row first; used again for every row
    std::uint32_t used_ = 0;
    std::uint32_t open_ = none;
    std::uint64_t bytes_ = 0;
    std::vector<std::string> arrays_;  ///< by column, of elements that repeat
};

}  // namespace millrace::formats::xml
