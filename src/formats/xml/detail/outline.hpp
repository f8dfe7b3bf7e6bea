#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/xml/detail/parser.hpp"

namespace millrace::formats::xml {

/// The elements and attributes of a document as a tree of paths, learned in one reading; from it follow the row
/// element and the columns.
class Outline final : public Handler {
public:
    using Path = std::uint32_t;
    static constexpr Path top = 0;  ///< above the root element

    explicit Outline(std::uint32_t columns_max) : columns_max_{columns_max} { items_.emplace_back(); }
    Outline(Outline&&) = default;
    Outline(const Outline&) = delete;  // its lookup points to its names

    void start(std::string_view name, const char** attributes) override;
    void text(std::string_view text) override;
    void end() override;

    /// The child of that name, an attribute's begins with `@`; made when it is new.
    Path child(Path parent, std::string_view name);
    /// The row element is the given one, or is found. Throws Error{invalid_parameter | too_many_columns}.
    void settle(const std::optional<std::string>& row);

    Path row() const { return row_; }
    std::string row_path() const { return path_of(row_, top, "/"); }
    const std::vector<std::string>& names() const { return names_; }
    std::optional<std::uint32_t> column(Path path) const { return items_[path].column; }
    const std::string& name(Path path) const { return items_[path].name; }
    /// More than one of it stands in one parent somewhere: cells are JSON arrays.
    bool repeats(Path path) const { return items_[path].most > 1; }
    /// Paths of values that are not in rows, the first 20.
    std::vector<std::string> outside() const;

private:
    struct Item {
        std::string name;
        Path parent = top;
        std::uint64_t instance = 0;  ///< of the parent, where it was seen last
        std::uint64_t here = 0;      ///< how many there
        std::uint64_t most = 0;      ///< how many in any one parent
        bool is_attribute = false;
        bool has_text = false;
        std::optional<std::uint32_t> column;
        std::vector<Path> children;
        std::unordered_map<std::string_view, Path> by_name;  ///< when there are many
    };
    struct Open {
        Path path = top;
        std::uint64_t instance = 0;
        bool has_parts = false;  ///< elements or attributes
        bool has_blanks = false;
        bool has_words = false;
    };
    void see(Path path, std::uint64_t instance);
    bool is_row_like(Path path) const;
    Path find_row(const std::optional<std::string>& given) const;
    void add_columns(Path path);
    std::string path_of(Path path, Path from, std::string_view separator) const;

    static constexpr std::size_t linear_max = 12;            ///< children that are looked through one by one
    static constexpr std::size_t name_bytes_max = 32u << 20;  ///< of all names

    const std::uint32_t columns_max_;
    std::deque<Item> items_;  ///< names do not move
    std::vector<Open> open_{Open{}};
    std::vector<std::string> names_;
    std::size_t name_bytes_ = 0;
    std::uint64_t instances_ = 0;
    Path row_ = top;
};

bool is_blank(std::string_view text);

}  // namespace millrace::formats::xml
