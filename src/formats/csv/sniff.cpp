#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/describe.hpp"
#include "formats/csv/detail/rating.hpp"
#include "formats/csv/detail/sniff.hpp"

namespace millrace::formats::csv {
namespace {

constexpr std::size_t sample_bytes_max = 96 * 1024;

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
        const Rows rows = read_sample(sample, dialect, arena);
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
    const Rows rows = read_sample(sample, dialect, arena);
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
    const Rows rows = read_sample(sample, dialect, arena);
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
    const Rows skipping = read_sample(sample, dialect, arena);
    const Rows rows = read_sample(sample, strict, arena);
    if (rows.widths == skipping.widths && rows.irregular <= skipping.irregular) dialect = strict;
}

/// ", " as the delimiter when every delimiter outside quotes has a space behind it.
void widen(std::string_view sample, Dialect& dialect) {
    const char d = dialect.delimiter[0];
    if (dialect.delimiter.size() != 1 || d == ' ' || d == '\t') return;
    Arena arena;
    const Rows rows = read_sample(sample, dialect, arena);
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
    const Rows rows = read_sample(sample, dialect, arena);
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
