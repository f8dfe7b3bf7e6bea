#include "formats/fixed/detail/layout.hpp"

#include <algorithm>

#include "formats/csv/detail/kind.hpp"

namespace millrace::formats::fixed {
namespace {

constexpr std::size_t lines_min = 4;
constexpr std::size_t lines_max = 1000;       ///< that are looked at
constexpr std::size_t line_bytes_max = 4096;  ///< a longer one is no line of such a file

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(' ');
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(' ') + 1 - from);
}

/// What all lines have at each position.
struct Census {
    std::vector<std::size_t> filled;  ///< lines with a character that is no blank
    std::size_t lines = 0;
    std::size_t padded = 0;           ///< lines with two blanks side by side between texts
    bool one_length = true;
};

Census count(const std::vector<std::string_view>& lines) {
    Census found;
    std::optional<std::size_t> length;
    for (const auto line : lines) {
        if (is_blank(line) || is_rule(line)) continue;
        std::size_t at = 0;
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (!starts_character(line[i])) continue;
            if (at >= found.filled.size()) found.filled.resize(at + 1);
            found.filled[at++] += line[i] != ' ';
        }
        ++found.lines;
        found.padded += trimmed(line).find("  ") != std::string_view::npos;
        if (length && *length != at) found.one_length = false;
        length = at;
    }
    return found;
}

/// A gap one blank wide is one between words when the texts at its sides always touch it.
bool separates(const Census& census, Span gap) {
    if (gap.end - gap.begin >= 2) return true;
    return census.filled[gap.begin - 1] < census.lines || census.filled[gap.end] < census.lines;
}

/// A gap one blank wide beside a column that some lines leave empty is chance: words of a few lines.
void merge_chance(Layout& layout, const std::vector<std::string_view>& lines) {
    std::vector<bool> full(layout.columns.size(), true);
    std::vector<std::string_view> cells;
    for (const auto line : lines) {
        if (is_blank(line) || is_rule(line)) continue;
        cut(line, layout, cells);
        for (std::size_t i = 0; i < cells.size(); ++i) full[i] = full[i] && !cells[i].empty();
    }
    std::vector<Span> kept;
    for (std::size_t i = 0; i < layout.columns.size(); ++i) {
        const auto& column = layout.columns[i];
        const bool chance = i > 0 && column.begin - kept.back().end == 1 && !(full[i] && full[i - 1]);
        if (chance) kept.back().end = column.end;
        else kept.push_back(column);
    }
    layout.columns = std::move(kept);
}

/// Columns with a value in most of the lines, all of a kind that headings seldom have.
bool has_typed_column(const Layout& layout, const std::vector<std::string_view>& lines) {
    std::vector<std::size_t> typed(layout.columns.size());
    std::size_t rows = 0;
    std::vector<std::string_view> cells;
    for (const auto line : lines) {
        if (is_blank(line) || is_rule(line)) continue;
        ++rows;
        cut(line, layout, cells);
        for (std::size_t i = 0; i < cells.size(); ++i) typed[i] += csv::is_typed(csv::kind_of(cells[i]));
    }
    return std::ranges::any_of(typed, [&](std::size_t n) { return n + 1 >= rows * 9 / 10; });
}

}  // namespace

bool is_blank(std::string_view line) { return line.find_first_not_of(' ') == std::string_view::npos; }

bool is_rule(std::string_view line) { return !is_blank(line) && line.find_first_not_of("-= ") == std::string_view::npos; }

std::vector<std::string_view> lines_of(std::string_view text, bool complete) {
    std::vector<std::string_view> lines;
    while (!text.empty() && lines.size() < lines_max) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos && !complete) break;
        auto line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(line);
    }
    return lines;
}

std::optional<Layout> find_columns(const std::vector<std::string_view>& lines) {
    for (const auto line : lines) {
        if (line.size() > line_bytes_max || line.find('\t') != std::string_view::npos) return std::nullopt;
    }
    const auto census = count(lines);
    if (census.lines < lines_min || census.padded * 10 < census.lines * 8) return std::nullopt;
    Layout layout;
    const auto width = census.filled.size();
    for (std::size_t at = 0; at < width;) {
        if (census.filled[at] == 0) {
            ++at;
            continue;
        }
        auto end = at;
        while (end < width && census.filled[end] > 0) ++end;
        if (!layout.columns.empty() && !separates(census, {layout.columns.back().end, at})) layout.columns.back().end = end;
        else layout.columns.push_back({at, end});
        at = end;
    }
    merge_chance(layout, lines);
    if (layout.columns.size() < 2) return std::nullopt;
    layout.columns.back().end = Layout::end_of_line;
    if (!census.one_length && !has_typed_column(layout, lines)) return std::nullopt;
    return layout;
}

void find_header(Layout& layout, const std::vector<std::string_view>& lines) {
    std::vector<std::vector<std::string_view>> rows;
    std::vector<std::string_view> cells;
    for (const auto line : lines) {
        if (is_blank(line)) continue;
        if (rows.size() == 1 && is_rule(line)) {
            layout.has_header = layout.has_rule = true;
            return;
        }
        if (cut(line, layout, cells) == Cut::ok) rows.push_back(cells);
        if (rows.size() > 100) break;
    }
    if (rows.size() < 2) return;
    const auto typed = [](std::string_view cell) { return csv::is_typed(csv::kind_of(cell)); };
    if (std::ranges::any_of(rows[0], typed)) return;
    for (std::size_t column = 0; column < layout.columns.size(); ++column) {
        if (rows[0][column].empty()) continue;
        const auto values = std::count_if(rows.begin() + 1, rows.end(), [&](const auto& row) { return typed(row[column]); });
        if (static_cast<std::size_t>(values) * 10 >= (rows.size() - 1) * 8) {
            layout.has_header = true;
            return;
        }
    }
}

Cut cut(std::string_view line, const Layout& layout, std::vector<std::string_view>& cells) {
    cells.clear();
    const bool ascii = is_ascii(line);
    std::size_t character = 0;
    std::size_t byte = 0;
    const auto byte_of = [&](std::size_t wanted) {
        if (ascii) return std::min(wanted, line.size());
        while (character < wanted && byte < line.size()) {
            ++byte;
            while (byte < line.size() && !starts_character(line[byte])) ++byte;
            ++character;
        }
        return byte;
    };
    std::size_t passed = 0;
    bool aligned = true;
    for (const auto& column : layout.columns) {
        const auto begin = byte_of(column.begin);
        if (!is_blank(line.substr(passed, begin - passed))) aligned = false;
        passed = column.end == Layout::end_of_line ? line.size() : byte_of(column.end);
        cells.push_back(trimmed(line.substr(begin, passed - begin)));
    }
    if (!aligned) return Cut::misaligned;
    return is_blank(line.substr(passed)) ? Cut::ok : Cut::too_long;
}

}  // namespace millrace::formats::fixed
