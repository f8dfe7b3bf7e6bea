#include "formats/csv/detail/rating.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "formats/csv/detail/kind.hpp"

namespace millrace::formats::csv {
namespace {

constexpr std::size_t sample_records_max = 400;

double weight_of(char delimiter) {
    for (const auto& prior : priors) {
        if (prior.delimiter == delimiter) return prior.weight;
    }
    return 0.3;
}

/// Consistency of the widths, after van den Burg et al., "Wrangling messy CSV files" (2019): every width counts by how
/// often it occurs and by how many cells it makes, divided by the number of different widths.
double pattern_score(const std::vector<std::size_t>& widths) {
    std::map<std::size_t, std::size_t> counts;
    for (const auto width : widths) ++counts[width];
    // One odd row among many is damage, not a pattern of its own.
    const auto rare = widths.size() / 40;
    double sum = 0;
    std::size_t patterns = 0;
    for (const auto& [width, count] : counts) {
        const auto w = static_cast<double>(width);
        sum += static_cast<double>(count) * (w - 1) / w;
        // So are lines of text above or below a table.
        patterns += count > (width == 1 && counts.size() > 1 ? std::max(rare, widths.size() / 10) : rare);
    }
    return sum / static_cast<double>(std::max<std::size_t>(patterns, 1)) / static_cast<double>(widths.size());
}

double value_of(Kind kind, bool quoted) {
    switch (kind) {
        case Kind::odd: return quoted ? 0.6 : 0.0;
        case Kind::text: return quoted ? 0.97 : 0.8;
        case Kind::word:
        case Kind::code: return 0.95;
        case Kind::empty: return 0.85;
        default: return 1.0;
    }
}

/// How much a text looks like one value, and not like cells of another delimiter: "1:NL:open:4,50".
double wholeness(std::string_view text) {
    constexpr std::string_view marks = ",;\t|:^~";
    std::array<std::size_t, marks.size()> counts{};
    for (std::size_t at = 1; at + 1 < text.size(); ++at) {
        if (text[at] > '~' || (text[at] >= '0' && text[at] <= '9') || text[at - 1] == ' ' || text[at + 1] == ' ') continue;
        if (const auto mark = marks.find(text[at]); mark != std::string_view::npos) ++counts[mark];
    }
    double whole = 1;
    for (std::size_t i = 0; i < marks.size(); ++i) {
        const bool rare = marks[i] != ',' && marks[i] != ':';
        whole = std::min(whole, counts[i] >= 3 ? 0.2 : counts[i] == 2 ? 0.5 : counts[i] == 1 && rare ? 0.7 : 1);
    }
    return whole;
}

double value_of(const Cell& cell, Kind kind) {
    const bool words = kind == Kind::text || kind == Kind::word || kind == Kind::code || kind == Kind::odd;
    return value_of(kind, cell.quoted) * (words && !cell.quoted ? wholeness(cell.text()) : 1);
}

/// What speaks for quotes being quotes.
struct Quoting {
    std::size_t cells = 0;
    std::size_t needed = 0;  ///< of these with a delimiter or a line end inside
};
Quoting quoting(const Rows& rows, const Dialect& dialect) {
    Quoting found;
    for (const auto& cell : rows.cells) {
        if (!cell.quoted) continue;
        ++found.cells;
        found.needed += cell.text().find_first_of(std::string{dialect.delimiter[0], '\n', '\r'}) != std::string_view::npos;
    }
    return found;
}

/// Neighbours that a quoted cell with a delimiter inside was cut into: "34 and 1%".
std::size_t cut_quotes(const Rows& rows) {
    std::size_t cut = 0;
    for (std::size_t i = 1; i < rows.cells.size(); ++i) {
        const auto left = rows.cells[i - 1].text();
        const auto right = rows.cells[i].text();
        if (left.size() < 2 || right.size() < 2) continue;
        cut += left.starts_with('"') && !left.ends_with('"') && right.ends_with('"') && !right.starts_with('"');
    }
    return cut;
}

}  // namespace

Rows read_sample(std::string_view sample, const Dialect& dialect, Arena& arena) {
    Rows rows;
    Record record;
    for (std::size_t at = 0; at < sample.size() && rows.widths.size() < sample_records_max; at = record.end) {
        if (parse_record(sample, at, true, dialect, Quotes::multiline, arena, record) != Parsed::record) break;
        if (record.lines > 12 || (record.lines > 1 && record.irregular)) {
            parse_record(sample, at, true, dialect, Quotes::line, arena, record);
        }
        if (record.cells.size() == 1 && is_blank(record.raw(sample))) continue;
        rows.irregular += record.irregular;
        rows.broken += record.broken;
        rows.widths.push_back(record.cells.size());
        rows.cells.insert(rows.cells.end(), record.cells.begin(), record.cells.end());
    }
    return rows;
}

Mode most_frequent(const std::vector<std::size_t>& widths) {
    std::map<std::size_t, std::size_t> counts;
    for (const auto width : widths) ++counts[width];
    Mode mode;
    std::size_t best = 0;
    for (const auto& [width, count] : counts) {
        if (count >= best) best = count, mode.width = width;
    }
    mode.share = widths.empty() ? 0 : static_cast<double>(best) / static_cast<double>(widths.size());
    return mode;
}

Candidate rate(std::string_view sample, const Dialect& dialect) {
    Arena arena;
    const Rows rows = read_sample(sample, dialect, arena);
    Candidate candidate{.dialect = dialect};
    if (rows.widths.empty()) return candidate;
    const Mode mode = most_frequent(rows.widths);
    candidate.width = mode.width;
    candidate.regular = mode.share;
    double value = 0;
    std::size_t empty = 0;
    for (const auto& cell : rows.cells) {
        const auto kind = kind_of(cell.text());
        empty += kind == Kind::empty;
        value += value_of(cell, kind);
    }
    const auto cells = static_cast<double>(rows.cells.size());
    candidate.typed = value / cells;
    // Mostly empty cells say that the delimiter is padding, as in columns aligned by spaces.
    if (static_cast<double>(empty) > 0.6 * cells) candidate.typed *= 0.8;
    const auto quoted = quoting(rows, dialect);
    // An apostrophe or two around a word are text.
    if (dialect.quote == '\'' && quoted.needed == 0 && quoted.cells * 50 <= rows.widths.size() + 50) return candidate;
    // Where quotes are needed, those inside unquoted cells are text, such as 5" pipe.
    const auto irregular = dialect.quote == '"' && quoted.needed > 0 ? rows.broken : rows.irregular;
    const double damage = static_cast<double>(irregular) / static_cast<double>(rows.widths.size());
    const double pattern = std::max(pattern_score(rows.widths), 1e-3);
    if (dialect.quote == 0 && cut_quotes(rows) * 20 >= rows.widths.size()) candidate.typed *= 0.5;
    candidate.damage = damage;
    candidate.records = rows.widths.size();
    candidate.score = pattern * candidate.typed * candidate.typed * (1 - 0.5 * damage) *
                      weight_of(dialect.delimiter[0]) * (dialect.quote == '\'' ? 0.97 : 1);
    return candidate;
}

}  // namespace millrace::formats::csv
