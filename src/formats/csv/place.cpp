#include "formats/csv/detail/place.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace millrace::formats::csv {
namespace {

std::size_t most_frequent_width(const Head& head) {
    std::map<std::size_t, std::size_t> counts;
    for (const auto& row : head.rows) counts[row.cells.size()] += !row.blank;
    std::size_t width = 1;
    std::size_t best = 0;
    for (const auto& [w, n] : counts) {
        if (n >= best && n > 0) width = w, best = n;
    }
    return width;
}

/// Rows of one width in sequence.
struct Run {
    std::size_t width = 0;
    std::size_t rows = 0;
    std::size_t damaged = 0;
    std::size_t first = 0;  ///< of its rows in the head
};

/// Names, then rows that have values where these stand.
bool begins_with_heading(const Head& head, const Run& run) {
    constexpr std::size_t looked_at = 4;
    if (run.rows < looked_at) return false;
    const auto typed = [](const std::vector<Cell>& cells) {
        return static_cast<std::size_t>(std::count_if(cells.begin(), cells.end(), [](const Cell& c) { return is_value(kind_of(c.text())); }));
    };
    const auto& names = head.rows[run.first].cells;
    if ((typed(names) > 0 && !has_series_of_years(names)) || head.rows[run.first].filled * 4 < run.width * 3) return false;
    for (auto i = run.first + 1; i < std::min(run.first + looked_at, head.rows.size()); ++i) {
        if (typed(head.rows[i].cells) * 4 < run.width) return false;
    }
    return true;
}

/// Short names above a row of values that has fewer cells, but not less than half as many.
bool names_more(const HeadRow& names, const HeadRow& row) {
    const auto values = static_cast<std::size_t>(std::count_if(row.cells.begin(), row.cells.end(), [](const Cell& c) { return is_value(kind_of(c.text())); }));
    std::set<std::string_view> different;
    std::size_t bytes = 0;
    for (const auto& cell : names.cells) different.insert(cell.text()), bytes += cell.size;
    return different.size() == names.cells.size() && bytes <= 20 * names.cells.size() && !is_prose(names.cells) &&
           row.cells.size() < names.cells.size() && row.cells.size() * 2 >= names.cells.size() && values * 4 >= row.cells.size();
}

/// Names with values above the table: exported on, by, filter.
bool is_list_of_pairs(const Run& run, const Run& last) {
    return run.width == 2 && run.rows + run.damaged <= 8 && last.width > 2 && last.rows > run.rows;
}

/// Behind names with values that are padded to the width of the table and have an empty row below them.
std::size_t behind_pairs(const Head& head, std::size_t at, std::size_t width) {
    constexpr std::size_t pairs_max = 8;
    const auto& rows = head.rows;
    const auto is_pair = [&](const HeadRow& row) { return row.cells.size() == width && (row.filled == 1 || row.filled == 2) && !row.cells[0].text().empty(); };
    auto i = at;
    while (i < rows.size() && i < at + pairs_max && is_pair(rows[i])) ++i;
    if (width < 3 || i == at || i >= rows.size() || rows[i].filled > 0) return at;
    while (i < rows.size() && rows[i].filled == 0) ++i;
    return i < rows.size() && rows[i].cells.size() == width && rows[i].filled > 2 ? i : at;
}

/// Behind sentences that happen to have as many commas as the table, and an empty line below them.
std::size_t behind_prose(const Head& head, std::size_t at, std::size_t width) {
    const auto& rows = head.rows;
    auto i = at;
    while (i < rows.size() && (is_prose(rows[i].cells) || (i > at && rows[i].cells.size() == 1 && !rows[i].blank))) ++i;
    if (i == at || i >= rows.size() || !rows[i].blank) return at;
    while (i < rows.size() && rows[i].blank) ++i;
    return i < rows.size() && rows[i].cells.size() == width && !is_prose(rows[i].cells) ? i : at;
}

}  // namespace

bool looks_like_heading(std::span<const Cell> cells) {
    std::size_t filled = 0;
    for (const auto& cell : cells) {
        const auto kind = kind_of(cell.text());
        if (is_value(kind)) return false;
        filled += kind != Kind::empty;
    }
    return filled >= 2 && filled * 2 >= cells.size();
}

bool is_padded_note(const HeadRow& row, std::size_t width) {
    if (width < 3 || row.filled == 0) return false;
    if (row.filled == 1) return !row.cells[0].text().empty();
    return width >= 6 && row.filled == 2 && !row.cells[0].text().empty() && !row.cells[1].text().empty();
}

bool is_prose(const std::vector<Cell>& cells) {
    return cells.size() > 1 && std::all_of(cells.begin() + 1, cells.end(), [](const Cell& c) { return c.text().starts_with(' '); });
}

std::size_t ragged_width(const Head& head) {
    const auto begin = std::find_if(head.rows.begin(), head.rows.end(), [](const HeadRow& r) { return r.cells.size() > 1; });
    if (begin == head.rows.end()) return 0;
    const auto width = begin->cells.size();
    const bool names = looks_like_heading(begin->cells) || has_series_of_years(begin->cells);
    if (width < 3 || begin->filled < width || !names) return 0;
    std::size_t whole = 0;
    std::size_t short_rows = 0;
    std::size_t changes = 0;
    std::set<std::size_t> widths;
    auto before = width;
    bool gap = false;
    for (auto row = begin + 1; row != head.rows.end(); ++row) {
        gap = gap || row->blank;
        if (row->blank) continue;
        if (row->cells.size() > width && gap) break;  // another table
        if (row->cells.size() > width) return 0;
        ++(row->cells.size() == width ? whole : short_rows);
        widths.insert(row->cells.size());
        changes += row->cells.size() != before;
        before = row->cells.size();
    }
    if (short_rows > 1 && short_rows > whole && names_more(*begin, *(begin + 1))) return width;
    // Another table below changes the width once.
    return short_rows > whole && widths.size() > 1 && changes > 2 ? width : 0;
}

std::size_t main_width(const Head& head) {
    std::vector<Run> runs;
    std::size_t records = 0;
    for (const auto& row : head.rows) {
        if (row.blank) continue;
        ++records;
        const auto width = row.cells.size();
        if (!runs.empty() && runs.back().width == width) {
            ++runs.back().rows;
        } else if (runs.size() > 1 && runs.back().rows <= 2 && runs[runs.size() - 2].width == width &&
                   runs[runs.size() - 2].rows > runs.back().rows) {
            const auto gap = runs.back().rows;
            runs.pop_back();
            runs.back().rows += 1;
            runs.back().damaged += gap;
        } else {
            runs.push_back({width, 1, 0, static_cast<std::size_t>(&row - head.rows.data())});
        }
    }
    for (const auto& run : runs) {
        const bool large = run.rows * 4 >= records || (run.width >= 3 && (run.rows >= 8 || begins_with_heading(head, run)));
        if (run.width > 1 && run.rows >= 3 && large && !is_list_of_pairs(run, runs.back())) return run.width;
    }
    return most_frequent_width(head);
}

std::size_t first_table_row(const Head& head, std::size_t width) {
    const auto& rows = head.rows;
    std::size_t at = 0;
    while (at < rows.size() && rows[at].cells.size() != width) ++at;
    if (at == rows.size()) return 0;
    // Rows of the right width by padding: a title with empty cells behind it, then a row that is really filled.
    for (auto i = at; i + 1 < rows.size() && i < at + 12; ++i) {
        const auto& row = rows[i];
        if (row.cells.size() != width) continue;
        if (row.filled > 0 && !is_padded_note(row, width)) break;
        const auto next = std::find_if(rows.begin() + static_cast<std::ptrdiff_t>(i) + 1, rows.end(), [&](const HeadRow& r) {
            return r.cells.size() == width && r.filled > 0 && !is_padded_note(r, width);
        });
        if (next == rows.end() || next->filled < std::max<std::size_t>(2, width / 2)) break;
        at = i + 1;
    }
    while (at + 1 < rows.size() && (rows[at].cells.size() != width || rows[at].filled == 0)) ++at;
    return behind_pairs(head, behind_prose(head, at, width), width);
}

}  // namespace millrace::formats::csv
