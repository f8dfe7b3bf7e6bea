#include "formats/csv/detail/heading.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>

namespace millrace::formats::csv {
namespace {

constexpr std::size_t stacked_rows_max = 5;

int year_of(std::string_view cell) {
    const auto text = trim(cell);
    if (text.size() != 4 || kind_of(text) != Kind::integer) return 0;
    const int year = std::atoi(std::string{text}.c_str());
    return year >= 1800 && year <= 2200 ? year : 0;
}

}  // namespace

bool has_series_of_years(const std::vector<Cell>& cells) {
    int before = 0;
    int step = 0;
    std::size_t steady = 0;
    for (const auto& cell : cells) {
        const int year = year_of(cell.text());
        if (year != 0 && before != 0) {
            if (step != 0 && year - before != step) return false;
            step = year - before;
            if (step == 0) return false;
            ++steady;
        }
        if (year != 0) before = year;
    }
    return steady >= 2;
}

namespace {

struct Evidence {
    double sum = 0;           ///< above 0: a heading
    std::size_t clashes = 0;  ///< words where the column holds numbers, dates and the like
    std::size_t fits = 0;     ///< cells that could be data of their column
    std::size_t values = 0;   ///< numbers, dates and the like, not those of the column
    std::size_t filled = 0;
    std::size_t judged = 0;   ///< columns that hold anything below
    std::size_t missing = 0;  ///< empty where the column never is
};

Evidence evidence(const HeadRow& row, const ColumnModels& models) {
    Evidence found;
    const bool years = has_series_of_years(row.cells);
    for (std::size_t c = 0; c < std::min(row.cells.size(), models.size()); ++c) {
        const auto& model = models[c];
        const auto text = row.cells[c].text();
        const auto kind = kind_of(text);
        found.filled += kind != Kind::empty;
        if (model.filled() == 0) continue;
        ++found.judged;
        if (kind == Kind::empty) {
            if (model.empty_share() < 0.02 && model.cells() > 3) found.sum += 0.2, ++found.missing;
            continue;
        }
        if (years && year_of(text) != 0) {
            found.sum += 0.5;
            found.clashes += model.shape_share(text) < 0.5;
            continue;
        }
        if (model.is_typed() || (model.is_shaped() && model.filled() > 5)) {
            if (model.accepts(text)) {
                found.sum -= model.is_typed() ? 1 : 0.5;
                ++found.fits;
            } else if (is_value(kind)) {
                found.sum += 0.1;
                ++found.values;
            } else {
                found.sum += model.is_typed() ? 1 : 0.6;
                ++found.clashes;
            }
            continue;
        }
        if (model.has_value(text)) {
            found.sum -= 0.6;
            ++found.fits;
        } else if (is_value(kind)) {
            found.sum -= 0.3;
            ++found.values;
        } else if (model.is_category()) {
            found.sum += 0.6;
            ++found.clashes;
        } else if (text.size() > 3 * model.length_max() || text.size() * 3 < model.length_min()) {
            found.sum += 0.4;
        } else if (text.size() < model.length_min() || text.size() > model.length_max()) {
            found.sum += 0.2;
        }
    }
    return found;
}

/// Names: filled, different, no values, short.
bool reads_like_names(const HeadRow& row) {
    std::set<std::string_view> seen;
    std::size_t length = 0;
    for (const auto& cell : row.cells) {
        const auto text = trim(cell.text());
        if (is_value(kind_of(text))) return false;
        if (!text.empty() && !seen.insert(text).second) return false;
        length += text.size();
    }
    return row.filled * 10 >= row.cells.size() * 7 && length <= 40 * row.cells.size();
}

/// Most cells are in brackets: (kg), [m].
bool has_units(const HeadRow& row) {
    const auto units = static_cast<std::size_t>(std::count_if(row.cells.begin(), row.cells.end(), [](const Cell& cell) {
        const auto text = trim(cell.text());
        return text.size() > 2 && text.size() < 16 && ((text.front() == '(' && text.back() == ')') || (text.front() == '[' && text.back() == ']'));
    }));
    return units >= 2 && units * 2 > row.filled;
}

/// The names of stacked rows, cell by cell, with one space between.
std::vector<std::string> stacked(const Head& head, std::size_t first, std::size_t rows, std::size_t width) {
    std::vector<std::string> names(width);
    for (auto i = first; i < first + rows; ++i) {
        const auto& cells = head.rows[i].cells;
        for (std::size_t c = 0; c < std::min(width, cells.size()); ++c) {
            // A single heading row is kept to the byte; joined ones lose the spaces around the joint.
            const auto text = rows == 1 ? cells[c].text() : trim(cells[c].text());
            if (text.empty()) continue;
            if (!names[c].empty()) names[c] += ' ';
            names[c] += text;
        }
    }
    return names;
}

struct Damaged {
    std::vector<std::string> names;
    std::string repair;
};

std::vector<std::string> copy(const std::vector<Cell>& cells) {
    std::vector<std::string> texts;
    for (const auto& cell : cells) texts.emplace_back(cell.text());
    return texts;
}

/// Do the rows from `first` on begin with 1, 2, 3 or other numbers in sequence?
bool is_numbered(const Head& head, std::size_t first) {
    constexpr std::size_t looked_at = 5;
    long before = 0;
    std::size_t seen = 0;
    for (auto i = first; i < head.rows.size() && seen < looked_at; ++i, ++seen) {
        const auto text = trim(head.rows[i].cells[0].text());
        if (text.empty() || text.size() > 9 || kind_of(text) != Kind::integer) return false;
        const long number = std::atol(std::string{text}.c_str());
        if (seen > 0 && number != before + 1) return false;
        before = number;
    }
    return seen >= 3;
}

/// Does every row from `first` on end in a delimiter?
bool is_last_empty(const Head& head, std::size_t first, std::size_t width) {
    return std::all_of(head.rows.begin() + static_cast<std::ptrdiff_t>(first), head.rows.end(), [&](const HeadRow& row) {
        return row.cells.size() != width || trim(row.cells.back().text()).empty();
    });
}

/// A heading of another width than its table: delimited otherwise, quoted as a whole, a cell too many, or some too few.
std::optional<Damaged> mend(const Head& head, const HeadRow& row, std::size_t first, std::size_t width, const Dialect& dialect) {
    Arena arena;
    Record record;
    if (row.cells.size() == 1 && row.cells[0].quoted) {
        split_line(row.cells[0].text(), dialect, arena, record);
        if (record.cells.size() == width && !record.irregular) return Damaged{copy(record.cells), "the heading is quoted as a whole"};
    }
    if (row.cells.size() == 1) {
        for (const char delimiter : {' ', ',', ';', '\t', '|', ':'}) {
            if (dialect.delimiter[0] == delimiter && dialect.delimiter.size() == 1) continue;
            Dialect other = dialect;
            other.delimiter = std::string(1, delimiter);
            split_line(row.raw, other, arena, record);
            if (record.cells.size() == width && !record.irregular) {
                return Damaged{copy(record.cells), "the heading has another delimiter than the rows"};
            }
        }
        return std::nullopt;
    }
    auto names = copy(row.cells);
    const auto is_empty = [](const std::string& text) { return trim(text).empty(); };
    if (names.size() > width) {
        while (names.size() > width) {
            const auto surplus = std::find_if(names.rbegin(), names.rend(), is_empty);
            if (surplus == names.rend()) return std::nullopt;
            names.erase(std::next(surplus).base());
        }
        return Damaged{names, "the heading has empty cells too many"};
    }
    if (names.size() * 2 < width || row.filled * 2 < width) return std::nullopt;
    if (names.size() + 1 == width && is_numbered(head, first) && !is_last_empty(head, first, width)) {
        names.emplace(names.begin());
        return Damaged{names, "the rows begin with a number that the heading has no name for"};
    }
    // A name that changes from lower to upper case in its middle may be two that lost their delimiter, but nothing
    // proves it: the cells stay as they are and the last column has no name.
    names.resize(width);
    return Damaged{names, "the heading has fewer cells than the rows"};
}

/// Where the rows right above `first` begin that are damaged rows of the table, or its heading.
std::size_t damaged_from(const std::vector<HeadRow>& rows, std::size_t first, std::size_t width) {
    const auto near = [&](const HeadRow& row) { return row.cells.size() > 1 && row.cells.size() + 1 >= width && row.cells.size() <= width + 1; };
    auto at = first - 1;
    while (at > 0 && near(rows[at]) && near(rows[at - 1])) --at;
    return at;
}

}  // namespace

Heading find_heading(const Head& head, std::size_t first, const ColumnModels& models, std::size_t width,
                     const Dialect& dialect, const LayoutGiven& given) {
    Heading heading;
    heading.body = first;
    const auto& rows = head.rows;
    if (first >= rows.size()) return heading;
    if (given.header && !*given.header) return heading;
    if (given.header_rows) {
        heading.rows = std::min(*given.header_rows, rows.size() - first);
        heading.body = first + heading.rows;
        heading.names = stacked(head, first, heading.rows, width);
        return heading;
    }

    const auto found = evidence(rows[first], models);
    bool is_heading = false;
    const bool alone = found.judged == 0;
    if (alone) is_heading = reads_like_names(rows[first]);
    else if (found.sum > 0.5 && found.clashes >= found.fits) is_heading = true;
    else if (found.sum > -0.5 && found.fits == 0) is_heading = reads_like_names(rows[first]);
    heading.confidence = alone ? 0.5 : std::clamp(0.5 + std::abs(found.sum) / static_cast<double>(2 * found.judged), 0.5, 1.0);

    if (!is_heading && first > 0 && !rows[first - 1].blank && rows[first - 1].cells.size() != width) {
        const auto at = damaged_from(rows, first, width);
        if (auto damaged = mend(head, rows[at], first, width, dialect)) {
            heading.rows = 1;
            heading.body = at + 1;
            heading.cells = std::min(width, rows[at].cells.size());
            heading.names = std::move(damaged->names);
            heading.repair = std::move(damaged->repair);
            return heading;
        }
    }
    if (!is_heading && !given.header.value_or(false)) return heading;

    heading.rows = 1;
    while (heading.rows < stacked_rows_max && first + heading.rows + 1 < rows.size()) {
        const auto& row = rows[first + heading.rows];
        if (row.cells.size() != width || row.filled == 0) break;
        const auto more = evidence(row, models);
        const bool under_groups = heading.rows == 1 && rows[first].filled * 2 < width && row.filled == width && reads_like_names(row);
        if (more.fits == 0 && (under_groups || has_units(row))) {
            ++heading.rows;
            continue;
        }
        const bool sparse = more.missing * 2 >= more.judged;
        const bool words = more.fits == 0 && (more.values == 0 || more.values < more.clashes) && more.sum >= (sparse ? 0.5 : 0.8);
        if (!words || (more.clashes * 3 < more.filled && (more.clashes + more.missing) * 2 < more.judged)) break;
        ++heading.rows;
    }
    heading.body = first + heading.rows;
    heading.names = stacked(head, first, heading.rows, width);
    return heading;
}

}  // namespace millrace::formats::csv
