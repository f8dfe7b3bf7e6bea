#include "formats/csv/detail/layout.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <unordered_set>

#include "formats/csv/detail/heading.hpp"
#include "formats/csv/detail/place.hpp"

namespace millrace::formats::csv {
namespace {

constexpr std::size_t head_bytes_max = 1 << 20;
constexpr std::size_t head_rows_max = 3000;
constexpr std::size_t learned_rows_max = 1000;
constexpr std::size_t heading_rows_max = 5;

Head read_head(std::string_view text, bool complete, const Dialect& dialect, std::size_t width) {
    Head head;
    Record record;
    if (text.size() > head_bytes_max) complete = false, text = text.substr(0, head_bytes_max);
    for (std::size_t at = 0; at < text.size() && head.rows.size() < head_rows_max; at = record.end) {
        Parsed parsed;
        if (width > 0) {
            parsed = parse_in_table(text, at, complete, dialect, width, head.arena, record);
        } else {
            parsed = parse_record(text, at, complete, dialect, Quotes::multiline, head.arena, record);
            if (parsed == Parsed::record && record.lines > 1 && (record.lines > 12 || record.irregular)) {
                parse_record(text, at, complete, dialect, Quotes::line, head.arena, record);
            }
        }
        if (parsed != Parsed::record && !head.rows.empty()) break;
        if (parsed == Parsed::nothing) break;
        if (parsed == Parsed::need_more) {
            parse_record(text, at, true, dialect, Quotes::line, head.arena, record);
        }
        head.add(record, text);
    }
    return head;
}

ColumnModels learn(std::span<const HeadRow> rows, std::size_t width) {
    ColumnModels models(width);
    std::size_t learned = 0;
    for (const auto& row : rows) {
        // A row of one cell is more likely a note than data.
        if (row.cells.size() != width || row.filled == 0 || (width >= 3 && row.filled == 1)) continue;
        for (std::size_t c = 0; c < width; ++c) models[c].learn(row.cells[c].text());
        if (++learned == learned_rows_max) break;
    }
    return models;
}

std::span<const HeadRow> slice(const Head& head, std::size_t from, std::size_t to) {
    to = std::min(to, head.rows.size());
    from = std::min(from, to);
    return {head.rows.data() + from, to - from};
}

std::size_t rows_of_width(std::span<const HeadRow> rows, std::size_t width) {
    return static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [&](const HeadRow& row) {
        return row.cells.size() == width && row.filled > 0;
    }));
}

/// Names between rows of values: the heading of another table.
bool starts_among_values(const Head& head, std::size_t at, std::size_t width) {
    const auto values = [&](std::size_t row) {
        const auto& cells = head.rows[row].cells;
        if (cells.size() != width) return width;
        return static_cast<std::size_t>(std::count_if(cells.begin(), cells.end(), [](const Cell& c) { return is_value(kind_of(c.text())); }));
    };
    if (at + 1 >= head.rows.size() || head.rows[at].filled * 4 < width * 3 || values(at) > 0) return false;
    return values(at - 1) * 3 >= width && values(at - 2) * 3 >= width && values(at + 1) * 3 >= width;
}

/// Models of the rows below a possible heading of up to `heading_rows_max` rows, from the first rows only, so that
/// another table further down does not blur them.
ColumnModels early_models(const Head& head, std::size_t first, std::size_t width) {
    const auto available = rows_of_width(slice(head, first, head.rows.size()), width);
    const std::size_t skip = available > 2 * heading_rows_max ? heading_rows_max : available > 3 ? (available + 1) / 2 : 1;
    auto to = std::min(first + skip + 30, head.rows.size());
    for (auto i = first + 4; i < to; ++i) {
        if (head.rows[i].filled == 0 || starts_among_values(head, i, width)) to = i;
    }
    return learn(slice(head, first + std::min(skip, (to - first + 1) / 2), to), width);
}

/// How far typed columns agree with a row.
struct Agreement {
    std::size_t fits = 0;
    std::size_t clashes = 0;
    std::size_t missing = 0;  ///< empty cells where the column has none

    /// A row of the table, perhaps with a damaged cell or two.
    bool belongs() const { return clashes == 0 || clashes * 3 < fits + clashes; }
};
Agreement agreement(std::span<const Cell> cells, const ColumnModels& models) {
    Agreement found;
    for (std::size_t c = 0; c < std::min(cells.size(), models.size()); ++c) {
        const auto text = cells[c].text();
        if (trim(text).empty()) {
            found.missing += models[c].cells() >= 8 && models[c].empty_share() < 0.02;
            continue;
        }
        if (!(models[c].is_typed() || models[c].is_shaped())) continue;
        if (models[c].accepts(text)) ++found.fits;
        else ++found.clashes;
    }
    return found;
}

bool is_alien(std::span<const Cell> cells, const ColumnModels& models) {
    const auto found = agreement(cells, models);
    return found.clashes > 0 && found.clashes > 2 * found.fits;
}

/// Two or more words and no values.
bool looks_like_heading_of_any(std::span<const Cell> cells) {
    std::size_t filled = 0;
    for (const auto& cell : cells) {
        const auto kind = kind_of(cell.text());
        if (is_value(kind)) return false;
        filled += kind != Kind::empty;
    }
    return filled >= 2;
}

/// The first row behind an empty one: does another table start with it?
bool starts_table(std::span<const Cell> cells, const ColumnModels& models) {
    auto found = agreement(cells, models);
    if (found.clashes >= 2 && !found.belongs()) return true;
    for (std::size_t c = 0; c < std::min(cells.size(), models.size()); ++c) {
        const auto text = cells[c].text();
        if (models[c].is_category() && !models[c].is_shaped() && !text.empty() && !models[c].has_value(text)) ++found.clashes;
    }
    return looks_like_heading_of_any(cells) && found.fits == 0 && (found.clashes + found.missing) * 3 >= models.size();
}

/// A text that is longer than all of its column, or is marked as a note.
bool is_remark(std::string_view text, const ColumnModel& model) {
    if (model.is_typed() && model.accepts(text)) return false;
    const bool marked = text.find(": ") != std::string_view::npos || text.starts_with('*') || text.starts_with('(');
    return marked || (text.find(' ') != std::string_view::npos && text.size() > model.length_max());
}

/// Different names, of which the table has less than half.
bool are_other_names(const std::vector<Cell>& cells, const std::vector<std::string>& names) {
    std::set<std::string_view> seen;
    std::size_t known = 0;
    for (const auto& cell : cells) {
        if (!seen.insert(cell.text()).second) return false;
        known += std::find(names.begin(), names.end(), cell.text()) != names.end();
    }
    return !names.empty() && known * 2 < cells.size();
}

/// Where a table of the same width, or notes padded to it, follow in the head.
void find_end(const Head& head, std::size_t first, bool complete, const std::vector<std::string>& names, Layout& layout) {
    const auto& rows = head.rows;
    const auto typed = static_cast<std::size_t>(std::count_if(
        layout.models.begin(), layout.models.end(), [](const ColumnModel& m) { return m.is_typed() || m.is_shaped(); }));
    const auto set = [&](std::size_t row, Break behind) { layout.end = rows[row].begin, layout.behind = behind; };
    const auto later = [&](std::size_t from, auto&& holds) {
        std::size_t n = 0;
        for (auto i = from; i < rows.size() && n < 40; ++i) {
            if (rows[i].filled == 0) continue;
            ++n;
            if (!holds(rows[i])) return false;
        }
        return n > 0;
    };
    for (auto i = first + 1; i < rows.size(); ++i) {
        const auto& row = rows[i];
        if (row.cells.size() != layout.width) continue;
        const bool gap = rows[i - 1].filled == 0;
        if (row.filled == 0) continue;
        if (is_padded_note(row, layout.width)) {
            const bool strange = is_alien(row.cells, layout.models) || gap || (row.filled == 1 && is_remark(row.cells[0].text(), layout.models[0]));
            const auto note = [&](const HeadRow& r) { return r.cells.size() == 1 || is_padded_note(r, layout.width); };
            if (complete && strange && rows.size() - i <= 20 && later(i, note)) return set(gap ? i - 1 : i, Break::footnotes);
            if (gap && strange && later(i + 1, [&](const HeadRow& r) {
                    return r.cells.size() != layout.width || r.filled <= 2 || is_alien(r.cells, layout.models);
                })) {
                return set(i - 1, Break::other_table);
            }
            continue;
        }
        const bool titled = i >= 2 && is_padded_note(rows[i - 1], layout.width) && rows[i - 2].filled == 0;
        if ((gap || titled) && starts_table(row.cells, layout.models)) return set(gap ? i - 1 : i - 2, Break::other_table);
        if (typed == 0) continue;
        if (!is_alien(row.cells, layout.models)) continue;
        const bool heading = looks_like_heading(row.cells);
        if (gap && heading) return set(i - 1, Break::other_table);
        const auto strange = [&](const HeadRow& r) {
            const auto found = agreement(r.cells, layout.models);
            return found.clashes > found.fits;
        };
        const auto found = agreement(row.cells, layout.models);
        const auto clashes = found.clashes;
        if (clashes >= 3 && found.fits == 0 && starts_among_values(head, i, layout.width) && are_other_names(row.cells, names)) {
            return set(i, Break::other_table);
        }
        const bool many = clashes >= 2 || clashes == typed;
        if (heading && many && i + 1 < rows.size() && clashes * 3 >= typed * 2) {
            // A heading in the middle starts another table, unless the rows behind it are those of this one.
            std::size_t odd = 0;
            std::size_t seen = 0;
            for (auto k = i + 1; k < rows.size() && seen < 40; ++k) {
                if (rows[k].filled == 0) continue;
                ++seen;
                odd += strange(rows[k]);
            }
            if (seen > 0 && odd * 10 >= seen * 7) return set(i, Break::other_table);
            continue;
        }
        if (many && rows.size() - i >= 3 && later(i, strange)) return set(gap ? i - 1 : i, Break::other_table);
    }
}

/// Columns that are empty in the whole table exist only because another table in the file is wider.
std::size_t trimmed_columns(const Head& head, std::size_t first, std::size_t to, std::size_t width) {
    std::size_t columns = 0;
    for (const auto& row : slice(head, first, to)) {
        if (row.cells.size() != width) continue;
        for (auto c = width; c > columns; --c) {
            if (!trim(row.cells[c - 1].text()).empty()) {
                columns = c;
                break;
            }
        }
    }
    return columns == 0 ? width : columns;
}

}  // namespace

void Head::add(const Record& record, std::string_view text) {
    auto& cells = store.emplace_back(record.cells);
    std::size_t filled = 0;
    for (const auto& cell : cells) filled += !trim(cell.text()).empty();
    const bool blank = cells.size() == 1 && is_blank(record.raw(text));
    rows.push_back({record.begin, record.end, record.raw(text), cells, filled, blank});
}

void Head::pad(std::size_t width) {
    for (auto& cells : store) {
        if (cells.size() > 1 && cells.size() < width) cells.resize(width, Cell{"", 0, false});
    }
}

Layout find_layout(std::string_view text, bool complete, const Dialect& dialect, const LayoutGiven& given) {
    Layout layout;
    Head head = read_head(text, complete, dialect, 0);
    if (head.rows.empty()) return layout;
    const auto ragged = ragged_width(head);
    layout.width = ragged > 0 ? ragged : main_width(head);
    head = read_head(text, complete, dialect, layout.width);
    layout.ragged = ragged > 0;
    if (layout.ragged) head.pad(ragged);
    const bool all = complete && !head.rows.empty() && head.rows.back().end == text.size();
    const auto first = given.skip ? std::min(*given.skip, head.rows.size()) : first_table_row(head, layout.width);
    layout.models = early_models(head, first, layout.width);

    const Heading heading = find_heading(head, first, layout.models, layout.width, dialect, given);
    layout.has_header = heading.rows > 0;
    layout.header_rows = heading.rows;
    layout.header_confidence = heading.confidence;
    layout.header_repair = heading.repair;
    const auto body = heading.body;
    for (std::size_t i = 0; i < body; ++i) layout.blank_rows += head.rows[i].blank;
    layout.preamble_rows = body - layout.blank_rows - layout.header_rows;
    layout.body = body < head.rows.size() ? head.rows[body].begin : head.rows.back().end;

    find_end(head, body, all, heading.names, layout);
    auto last = head.rows.size();
    if (layout.end) {
        last = static_cast<std::size_t>(std::lower_bound(head.rows.begin(), head.rows.end(), *layout.end,
                                                         [](const HeadRow& r, std::size_t at) { return r.begin < at; }) -
                                        head.rows.begin());
    }
    layout.columns = layout.width;
    if (layout.behind == Break::other_table) {
        layout.columns = trimmed_columns(head, body - layout.header_rows, last, layout.width);
        layout.end = layout.end.value_or(0);
    }
    if (heading.cells > 0 && trimmed_columns(head, body, last, layout.width) <= heading.cells) {
        layout.columns = std::min(layout.columns, heading.cells);  // every row ends in delimiters that the heading has not
    }
    layout.models = learn(slice(head, body, last), layout.width);
    if (layout.has_header) {
        layout.names = heading.names;
        layout.names.resize(layout.columns);
    }
    return layout;
}

Judgement judge_break(std::string_view text, std::size_t at, bool complete, const Dialect& dialect, const Layout& layout) {
    constexpr std::size_t looked_at_max = 60;
    Arena arena;
    Record record;
    std::vector<Record> rows;  // not blank
    bool reaches_end = true;
    const auto first = at;
    bool gap = false;
    std::size_t returns = 0;  // rows that look like the table again
    for (; at < text.size(); at = record.end) {
        if (rows.size() == looked_at_max) {
            reaches_end = false;
            break;
        }
        if (parse_in_table(text, at, complete, dialect, layout.width, arena, record) != Parsed::record) {
            reaches_end = false;
            break;
        }
        const bool empty = std::all_of(record.cells.begin(), record.cells.end(),
                                       [](const Cell& cell) { return trim(cell.text()).empty(); });
        if (empty) {
            gap = gap || rows.empty();
            continue;
        }
        const bool titles_only = std::all_of(rows.begin(), rows.end(), [](const Record& r) { return r.cells.size() == 1; });
        if (gap && titles_only && rows.size() <= 2 && record.cells.size() == layout.width &&
            starts_table(record.cells, layout.models)) {
            return {Break::other_table, 0};
        }
        if (record.cells.size() == layout.width && agreement(record.cells, layout.models).belongs()) {
            ++returns;
            break;
        }
        rows.push_back(record);
    }
    reaches_end = reaches_end && complete;
    // When the table goes on, all that came before it is damage; when the text ends here, more of it may tell more.
    const Judgement goes_on{Break::none, std::max(at, first + 1)};
    const Judgement other_table{Break::other_table, 0};
    const Judgement footnotes{Break::footnotes, 0};
    if (returns > 0 || rows.empty()) return goes_on;
    const auto filled = [](const Record& r) {
        return std::count_if(r.cells.begin(), r.cells.end(), [](const Cell& c) { return !trim(c.text()).empty(); });
    };
    const bool notes = std::all_of(rows.begin(), rows.end(), [&](const Record& r) { return filled(r) <= 1 || (r.cells.size() < layout.width && is_prose(r.cells)); });
    if (layout.width > 1 && reaches_end && notes && rows.size() <= 30) return footnotes;
    if (gap && reaches_end && rows.size() <= 2 && rows[0].cells.size() != layout.width &&
        !looks_like_heading(rows[0].cells)) {
        // Sentences with commas in them, behind an empty line.
        return footnotes;
    }
    if (gap && rows.size() >= 2) return other_table;
    if (rows.size() < 3) return goes_on;
    const auto width = rows[0].cells.size();
    const bool constant = width != layout.width && width > 1 && std::all_of(rows.begin() + 1, rows.end(), [&](const Record& r) {
        return r.cells.size() == rows[1].cells.size();
    });
    if (!constant || (!reaches_end && rows.size() < 20)) return goes_on;
    // Rows that only lack their last, often empty, cells or have empty ones too many are rows of this table.
    if (width < layout.width) {
        bool optional = true;
        for (auto c = width; c < layout.width; ++c) optional = optional && layout.models[c].empty_share() > 0.05;
        if (optional && !is_alien(rows[0].cells, layout.models)) return goes_on;
    } else {
        const bool surplus_empty = std::all_of(rows.begin(), rows.end(), [&](const Record& r) {
            return r.cells.size() > layout.width &&
                   std::all_of(r.cells.begin() + static_cast<std::ptrdiff_t>(layout.width), r.cells.end(),
                               [](const Cell& c) { return trim(c.text()).empty(); });
        });
        if (surplus_empty && !is_alien(rows[0].cells, layout.models)) return goes_on;
    }
    return other_table;
}

}  // namespace millrace::formats::csv
