#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::formats::fixed {

/// Characters [begin, end) of a line.
struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;

    bool operator==(const Span&) const = default;
};

/// Where the columns are. The last one ends at `end_of_line` when it was found.
struct Layout {
    static constexpr std::size_t end_of_line = SIZE_MAX;
    std::vector<Span> columns;
    bool has_header = false;
    bool has_rule = false;  ///< a line of dashes below the header
};

/// The lines of a text, without their ends; a part of a line at the end of the text counts as one when `complete`.
std::vector<std::string_view> lines_of(std::string_view text, bool complete);

/// The columns of blanks common to all lines, when they make a table that is no accident: several lines, padding, a
/// column of values of one kind or lines of one length. The rest of Layout is not decided.
std::optional<Layout> find_columns(const std::vector<std::string_view>& lines);

/// Decides on the header by the first lines.
void find_header(Layout& layout, const std::vector<std::string_view>& lines);

enum class Cut {
    ok,
    misaligned,  ///< text stands between two columns
    too_long,    ///< text stands behind the last column
};

/// The cells of a line, blanks around them removed.
Cut cut(std::string_view line, const Layout& layout, std::vector<std::string_view>& cells);

bool is_blank(std::string_view line);
/// Nothing but dashes, equal signs and blanks.
bool is_rule(std::string_view line);

}  // namespace millrace::formats::fixed
