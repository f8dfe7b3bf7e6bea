#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/describe.hpp"
#include "formats/csv/detail/kind.hpp"
#include "formats/csv/detail/record.hpp"
#include "formats/csv/detail/sniff.hpp"

namespace millrace::formats::csv {
namespace {

constexpr std::size_t sample_bytes_max = 96 * 1024;
constexpr std::size_t sample_records_max = 400;

/// How plausible a delimiter is before the file has been seen: real files use the first four.
struct Prior {
    char delimiter;
    double weight;
};
constexpr std::array<Prior, 13> priors = {{{',', 1.0},   {';', 1.0},  {'\t', 1.0}, {'|', 0.98}, {' ', 0.7},
                                           {':', 0.55},  {'^', 0.8},  {'~', 0.8},  {'#', 0.45}, {'&', 0.4},
                                           {'*', 0.4},   {'\x1f', 1.0}, {'\x01', 1.0}}};

double weight_of(char delimiter) {
    for (const auto& prior : priors) {
        if (prior.delimiter == delimiter) return prior.weight;
    }
    return 0.3;
}

struct Rows {
    std::vector<std::size_t> widths;  ///< of records that are not blank
    std::vector<Cell> cells;
    std::size_t irregular = 0;
    std::size_t broken = 0;
};

/// Reads the sample; a record whose quotes run over many lines is read as one line, so that one stray quote does not
/// hide the rest of the sample.
Rows read(std::string_view sample, const Dialect& dialect, Arena& arena) {
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

struct Mode {
    std::size_t width = 1;
    double share = 0;
};
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

Candidate rate(std::string_view sample, const Dialect& dialect) {
    Arena arena;
    const Rows rows = read(sample, dialect, arena);
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

/// Does a cell start with this quote somewhere? Cheap and generous.
bool may_quote(std::string_view sample, char quote, char delimiter) {
    bool opens = false;
    bool closes = false;
    for (std::size_t at = sample.find(quote); at != std::string_view::npos; at = sample.find(quote, at + 1)) {
        auto before = at;
        while (before > 0 && sample[before - 1] == ' ') --before;
        const char left = before == 0 ? '\n' : sample[before - 1];
        const char right = at + 1 < sample.size() ? sample[at + 1] : '\n';
        const auto edge = [&](char c) { return c == '\n' || c == '\r' || c == delimiter; };
        opens = opens || edge(left) || (delimiter == ' ' && before < at);
        closes = closes || edge(right);
        if (opens && closes) return true;
    }
    return false;
}

std::vector<char> delimiters_in(std::string_view sample) {
    std::array<std::size_t, 256> count{};
    std::size_t lines = 1;
    for (const char c : sample) ++count[static_cast<unsigned char>(c)], lines += c == '\n' || c == '\r';
    std::vector<char> found;
    for (const auto& prior : priors) {
        const auto n = count[static_cast<unsigned char>(prior.delimiter)];
        // In most lines, or in a file so short that nothing can be said.
        if (n > 0 && (n * 3 >= lines || lines <= 4)) found.push_back(prior.delimiter);
    }
    return found;
}

/// Which way quotes inside quoted cells are written.
Escape escape_of(std::string_view sample, Dialect dialect) {
    if (dialect.quote == 0) return Escape::doubled;
    const std::array<char, 2> slash = {'\\', dialect.quote};
    const bool slashes = sample.find(std::string_view{slash.data(), 2}) != std::string_view::npos;
    struct Trial {
        Escape escape;
        std::size_t irregular = 0;
        double share = 0;
        std::size_t records = 0;
    };
    std::array<Trial, 2> trials = {{{Escape::doubled}, {Escape::backslash}}};
    for (auto& trial : trials) {
        Arena arena;
        dialect.escape = trial.escape;
        const Rows rows = read(sample, dialect, arena);
        trial.irregular = rows.irregular;
        trial.share = most_frequent(rows.widths).share;
        trial.records = rows.widths.size();
    }
    if (slashes && (trials[1].share > trials[0].share ||
                    (trials[1].share == trials[0].share && trials[1].irregular < trials[0].irregular))) {
        return Escape::backslash;
    }
    // Quotes inside cells that nothing announces: several such records are a habit, one is damage.
    if (trials[0].irregular < 2) return Escape::doubled;
    dialect.escape = Escape::none;
    Arena arena;
    const Rows rows = read(sample, dialect, arena);
    const std::array<char, 2> twice = {dialect.quote, dialect.quote};
    const bool doubled = rows.irregular == 0 && std::any_of(rows.cells.begin(), rows.cells.end(), [&](const Cell& c) {
        return c.text().find(std::string_view{twice.data(), 2}) != std::string_view::npos;
    });
    const bool whole = rows.widths.size() >= trials[0].records;
    return rows.irregular == 0 && whole && !doubled ? Escape::none : Escape::doubled;
}

/// "||" as the delimiter when every bar outside quotes stands beside another.
void double_up(std::string_view sample, Dialect& dialect) {
    const char d = dialect.delimiter[0];
    if (dialect.delimiter.size() != 1 || std::string_view{",; \t"}.find(d) != std::string_view::npos) return;
    Arena arena;
    const Rows rows = read(sample, dialect, arena);
    std::size_t at = 0;
    bool any = false;
    for (const auto width : rows.widths) {
        if (width % 2 == 0) return;
        any = any || width > 1;
        for (std::size_t i = 1; i < width; i += 2) {
            if (rows.cells[at + i].size > 0) return;
        }
        at += width;
    }
    if (any) dialect.delimiter += d;
}

/// Keeps `skip_space` only where quotes stand behind spaces; `, "` may also be text in a quoted cell.
void settle_spaces(std::string_view sample, Dialect& dialect) {
    if (!dialect.skip_space) return;
    auto strict = dialect;
    strict.skip_space = false;
    Arena arena;
    const Rows skipping = read(sample, dialect, arena);
    const Rows rows = read(sample, strict, arena);
    if (rows.widths == skipping.widths && rows.irregular <= skipping.irregular) dialect = strict;
}

/// ", " as the delimiter when every delimiter outside quotes has a space behind it.
void widen(std::string_view sample, Dialect& dialect) {
    const char d = dialect.delimiter[0];
    if (dialect.delimiter.size() != 1 || d == ' ' || d == '\t') return;
    Arena arena;
    const Rows rows = read(sample, dialect, arena);
    std::size_t spaced = 0;
    std::size_t behind = 0;
    std::size_t at = 0;
    for (const auto width : rows.widths) {
        for (std::size_t i = 1; i < width; ++i) {
            const auto& cell = rows.cells[at + i];
            const auto* const before = cell.data - 2;  // of a quoted cell: what stands before its quote
            const bool here = cell.data >= sample.data() + 2 && cell.data <= sample.data() + sample.size();
            if (cell.quoted && !here) continue;  // undone escapes live elsewhere
            ++behind;
            spaced += cell.quoted ? *before == ' ' : cell.text().starts_with(' ');
        }
        at += width;
    }
    if (behind > 0 && spaced * 50 >= behind * 49) dialect.delimiter += ' ', dialect.skip_space = false;
}

/// The text of a sample whose lines are all quoted as a whole, opened; empty when they are not.
std::string open_lines(std::string_view sample, bool complete, const Given& given) {
    constexpr std::size_t others_max = 8;
    std::string opened;
    if (given.quote.value_or('"') != '"') return opened;
    const Dialect whole{.delimiter = "\x1e"};
    Arena arena;
    Record record;
    std::size_t lines = 0;
    std::size_t others = 0;  // a title, a note
    for (std::size_t at = 0; at < sample.size() && opened.size() < sample_bytes_max; at = record.end) {
        if (parse_record(sample, at, complete, whole, Quotes::multiline, arena, record) != Parsed::record) break;
        if (is_blank(record.raw(sample))) continue;
        if (record.cells.size() != 1 || !record.cells[0].quoted || record.irregular) {
            if (++others > others_max) return {};
            continue;
        }
        opened.append(record.cells[0].text()) += '\n';
        ++lines;
    }
    return lines < 2 || lines < 2 * others ? std::string{} : opened;
}

/// Is there a row that is quoted as a whole?
bool has_quoted_line(std::string_view sample, const Dialect& dialect) {
    Arena arena;
    const Rows rows = read(sample, dialect, arena);
    std::size_t at = 0;
    for (const auto width : rows.widths) {
        const auto first = rows.cells[at].text();
        const auto last = rows.cells[at + width - 1].text();
        if (width > 1 && first.starts_with('"') && !first.ends_with('"') && last.ends_with('"')) return true;
        at += width;
    }
    return false;
}

/// Has the first record, which in a column of texts would be its name, as many cells as the others?
bool is_regular(std::string_view text, const Dialect& dialect, std::size_t width) {
    Arena arena;
    Record record;
    return parse_record(text, 0, true, dialect, Quotes::multiline, arena, record) == Parsed::record && record.cells.size() == width;
}

}  // namespace

std::string_view line_ends(std::string_view sample, const Dialect& dialect) {
    std::size_t crlf = 0;
    std::size_t lf = 0;
    std::size_t cr = 0;
    Arena arena;
    Record record;
    for (std::size_t at = 0; at < sample.size(); at = record.end) {
        if (parse_record(sample, at, true, dialect, Quotes::multiline, arena, record) != Parsed::record) break;
        if (record.lines > 12) parse_record(sample, at, true, dialect, Quotes::line, arena, record);
        const auto end = sample.substr(record.content_end, record.end - record.content_end);
        if (end == "\r\n") ++crlf;
        else if (end == "\n") ++lf;
        else if (end == "\r") ++cr;
    }
    if ((crlf > 0) + (lf > 0) + (cr > 0) > 1) return "mixed";
    return crlf > 0 ? "crlf" : lf > 0 ? "lf" : cr > 0 ? "cr" : "none";
}

Sniffed sniff_dialect(std::string_view sample, bool complete, const Given& given) {
    if (const auto opened = open_lines(sample, complete, given); !opened.empty()) {
        auto sniffed = sniff_dialect(opened, true, given);
        const auto& best = sniffed.candidates;
        if (!best.empty() && best[0].width >= 2 && best[0].regular >= 0.9 && is_regular(opened, sniffed.dialect, best[0].width)) {
            sniffed.dialect.quoted_lines = true;
            return sniffed;
        }
    }
    if (sample.size() > sample_bytes_max) {
        sample = sample.substr(0, sample_bytes_max);
        complete = false;
    }
    if (!complete) {  // the last line may be cut
        const auto last = sample.find_last_of("\r\n");
        if (last != std::string_view::npos && last > 0) sample = sample.substr(0, last + 1);
    }
    Sniffed sniffed;
    auto& candidates = sniffed.candidates;
    const auto try_out = [&](const std::string& delimiter) {
        for (const char quote : {'"', '\'', '\0'}) {
            if (given.quote && *given.quote != quote) continue;
            if (!given.quote && quote != 0 && !may_quote(sample, quote, delimiter[0])) continue;
            if (delimiter[0] == quote) continue;
            const std::string spaced = delimiter + ' ' + quote;
            const bool skip = quote != 0 && delimiter != " " && sample.find(spaced) != std::string_view::npos;
            Dialect dialect{.delimiter = delimiter, .quote = quote, .skip_space = skip};
            auto candidate = rate(sample, dialect);
            if (candidate.damage > 0.04 && !given.escape) {
                // Quotes inside quoted cells that nothing announces, or that backslashes do.
                for (const auto escape : {Escape::none, Escape::backslash}) {
                    dialect.escape = escape;
                    auto other = rate(sample, dialect);
                    // A reading that makes one record of several swallows them.
                    if (other.score > candidate.score && other.records >= candidate.records) candidate = std::move(other);
                }
            }
            candidates.push_back(std::move(candidate));
        }
        if (given.quote && *given.quote != '"' && *given.quote != '\'' && *given.quote != 0) {
            candidates.push_back(rate(sample, {.delimiter = delimiter, .quote = *given.quote}));
        }
    };
    if (given.delimiter) {
        try_out(*given.delimiter);
    } else {
        for (const char delimiter : delimiters_in(sample)) try_out(std::string{delimiter});
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    if (candidates.size() > 8) candidates.resize(8);
    if (candidates.empty() || (candidates[0].width <= 1 && !given.delimiter)) {
        sniffed.dialect = {.delimiter = given.delimiter.value_or(","), .quote = given.quote.value_or('"')};
        sniffed.reason = "no delimiter occurs regularly: one column";
        sniffed.confidence = 0.5;
    } else {
        const auto& best = candidates[0];
        sniffed.dialect = best.dialect;
        const auto rival = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& c) {
            return c.dialect.delimiter != best.dialect.delimiter;
        });
        if (rival != candidates.end() && best.score > 0) {
            sniffed.confidence = std::clamp(1 - rival->score / best.score * 0.9, 0.05, 1.0);
        }
        sniffed.reason = fmt::format("{:.0f} % of the records have {} cells, {:.0f} % of the cells look like values",
                                     best.regular * 100, best.width, best.typed * 100);
    }
    auto& dialect = sniffed.dialect;
    if (!given.quote && dialect.quote == 0) {
        // No quotes so far does not mean none later; only quotes that were tried and made things worse are text.
        const bool worse = !has_quoted_line(sample, dialect) && std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& c) {
            return c.dialect.delimiter == dialect.delimiter && c.dialect.quote == '"' && c.score < 0.9 * candidates[0].score;
        });
        if (!worse) dialect.quote = '"';
    }
    dialect.escape = given.escape ? *given.escape : escape_of(sample, dialect);
    if (!given.delimiter) double_up(sample, dialect), widen(sample, dialect);
    settle_spaces(sample, dialect);
    return sniffed;
}

json::object to_json_object(const Dialect& dialect) {
    json::object keys{{"delimiter", dialect.delimiter},
                      {"quote", dialect.quote == 0 ? std::string{} : std::string(1, dialect.quote)},
                      {"escape", word(dialect.escape)},
                      {"skip_space", dialect.skip_space}};
    if (dialect.quoted_lines) keys.emplace("quoted_lines", true);
    return keys;
}

}  // namespace millrace::formats::csv
