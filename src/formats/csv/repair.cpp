#include "formats/csv/detail/repair.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace millrace::formats::csv {
namespace {

double fit(const std::vector<Cell>& cells, const ColumnModels& models) {
    double sum = 0;
    for (std::size_t c = 0; c < cells.size(); ++c) sum += models[c].fit(cells[c].text());
    return sum;
}

/// The best of several readings, and how far ahead it is.
class Contest {
public:
    Contest(const ColumnModels& models) : models_{models} {}

    void enter(std::vector<Cell> cells, std::string_view what, double penalty = 0) {
        if (cells.size() != models_.size()) return;
        const double score = fit(cells, models_) - penalty;
        if (any_ && same(cells, best_.cells)) return;
        if (!any_ || score > best_score_) {
            second_ = any_ ? best_score_ : second_;
            best_score_ = score;
            best_.cells = std::move(cells);
            best_.what = what;
            any_ = true;
        } else {
            second_ = std::max(second_, score);
        }
    }
    std::optional<Repair> winner() {
        if (!any_) return std::nullopt;
        best_.margin = best_score_ - second_;
        return std::move(best_);
    }
    double best_score() const { return best_score_; }

private:
    static bool same(const std::vector<Cell>& a, const std::vector<Cell>& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                          [](const Cell& x, const Cell& y) { return x.text() == y.text(); });
    }

    const ColumnModels& models_;
    Repair best_;
    double best_score_ = -1e9;
    double second_ = -1e9;
    bool any_ = false;
};

Cell cell_of(std::string_view text, bool quoted = false) {
    return {text.data(), static_cast<std::uint32_t>(text.size()), quoted};
}

/// One lost delimiter: `cells` has one cell too few. Either an empty cell is missing or one cell holds two.
void enter_split(const std::vector<Cell>& cells, const ColumnModels& models, Contest& contest) {
    const auto width = models.size();
    // Scores of the cells left of a place in their own column, and right of it one column further, so that every
    // candidate costs only its own two cells.
    std::vector<double> left(width, 0), right(width + 1, 0);
    for (std::size_t i = 0; i < cells.size(); ++i) left[i + 1 < width ? i + 1 : i] = left[i] + models[i].fit(cells[i].text());
    for (std::size_t i = cells.size(); i-- > 0;) right[i] = right[i + 1] + models[i + 1].fit(cells[i].text());
    struct Choice {
        std::size_t cell;
        std::size_t cut;
        double score;
    };
    std::vector<Choice> choices;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto text = cells[i].text();
        if (text.size() > 512) continue;
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            if (cut > 0 && cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) continue;
            const double score = left[i] + models[i].fit(text.substr(0, cut)) + models[i + 1].fit(text.substr(cut)) + right[i + 1];
            choices.push_back({i, cut, score});
        }
    }
    const auto keep = std::min<std::size_t>(choices.size(), 12);
    std::partial_sort(choices.begin(), choices.begin() + static_cast<std::ptrdiff_t>(keep), choices.end(),
                      [](const Choice& a, const Choice& b) { return a.score > b.score; });
    for (std::size_t k = 0; k < keep; ++k) {
        const auto& choice = choices[k];
        std::vector<Cell> row(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(choice.cell));
        const auto text = cells[choice.cell].text();
        row.push_back(cell_of(text.substr(0, choice.cut)));
        row.push_back(cell_of(text.substr(choice.cut)));
        row.insert(row.end(), cells.begin() + static_cast<std::ptrdiff_t>(choice.cell) + 1, cells.end());
        // There are many places to cut and only a few to leave out a cell.
        const bool whole = choice.cut == 0 || choice.cut == text.size();
        contest.enter(std::move(row), whole ? "a missing empty cell is put back" : "a lost delimiter is put back",
                      whole ? 0.5 : 1.5);
    }
}

/// Delimiters too many: drops empty cells, or joins the cells that one unquoted value was cut into.
void enter_join(const std::vector<Cell>& cells, const Dialect& dialect, const ColumnModels& models, Arena& arena,
                Contest& contest) {
    const auto surplus = cells.size() - models.size();
    const auto join = [&](std::size_t from) {
        std::string text;
        for (std::size_t i = from; i <= from + surplus; ++i) {
            if (i > from) text += dialect.delimiter;
            text += cells[i].text();
        }
        return cell_of(arena.keep(text));
    };
    for (std::size_t i = 0; i + surplus < cells.size(); ++i) {
        std::vector<Cell> row(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(i));
        row.push_back(join(i));
        row.insert(row.end(), cells.begin() + static_cast<std::ptrdiff_t>(i + surplus) + 1, cells.end());
        contest.enter(std::move(row), "a value with a delimiter in it is joined again", 0.5);
    }
    for (std::size_t i = 0; i + surplus <= cells.size(); ++i) {
        const auto from = cells.begin() + static_cast<std::ptrdiff_t>(i);
        const auto to = from + static_cast<std::ptrdiff_t>(surplus);
        if (!std::all_of(from, to, [](const Cell& c) { return c.text().empty(); })) continue;
        std::vector<Cell> row(cells.begin(), from);
        row.insert(row.end(), to, cells.end());
        contest.enter(std::move(row), "a surplus delimiter is dropped");
    }
}

/// Consecutive pieces of a line joined into `models.size()` cells so that they fit best (dynamic programming).
std::vector<Cell> best_grouping(const std::vector<Cell>& pieces, std::string_view glue, const ColumnModels& models,
                                Arena& arena) {
    const auto n = pieces.size();
    const auto width = models.size();
    const auto longest = n - width + 1;
    constexpr double never = -1e9;
    std::vector<std::vector<double>> score(width + 1, std::vector<double>(n + 1, never));
    std::vector<std::vector<std::size_t>> taken(width + 1, std::vector<std::size_t>(n + 1, 0));
    score[0][0] = 0;
    std::string text;
    for (std::size_t c = 0; c < width; ++c) {
        for (std::size_t at = c; at < n; ++at) {
            if (score[c][at] == never) continue;
            text.clear();
            for (std::size_t take = 1; take <= longest && at + take <= n; ++take) {
                if (take > 1) text += glue;
                text += pieces[at + take - 1].text();
                const double s = score[c][at] + models[c].fit(text);
                if (s > score[c + 1][at + take]) score[c + 1][at + take] = s, taken[c + 1][at + take] = take;
            }
        }
    }
    std::vector<Cell> cells(width);
    auto at = n;
    for (auto c = width; c-- > 0;) {
        const auto take = taken[c + 1][at];
        if (take == 0) return {};
        at -= take;
        text.clear();
        for (std::size_t i = 0; i < take; ++i) {
            if (i > 0) text += glue;
            text += pieces[at + i].text();
        }
        cells[c] = take == 1 ? pieces[at] : cell_of(arena.keep(text));
    }
    return cells;
}

void enter_other_delimiters(std::string_view line, const Dialect& dialect, const ColumnModels& models, Arena& arena,
                            Contest& contest) {
    Record record;
    for (const char delimiter : {' ', ';', '\t', '|', ',', ':'}) {
        if (dialect.delimiter == std::string_view{&delimiter, 1} || line.find(delimiter) == std::string_view::npos) continue;
        Dialect other = dialect;
        other.delimiter = std::string(1, delimiter);
        other.skip_space = false;
        split_line(line, other, arena, record);
        constexpr std::string_view what = "the row is read with another delimiter";
        if (record.cells.size() == models.size()) {
            contest.enter(record.cells, what, record.irregular ? 1 : 0);
        } else if (record.cells.size() > models.size() && record.cells.size() <= models.size() + 60) {
            auto cells = best_grouping(record.cells, other.delimiter, models, arena);
            if (!cells.empty()) contest.enter(std::move(cells), what, 0.5);
        }
    }
}

/// A delimiter lost beside a quote: "42,10"2025-03-16.
void enter_unfused(std::string_view line, const Dialect& dialect, std::size_t width, Arena& arena, Contest& contest) {
    Record record;
    int tries = 0;
    for (auto at = line.find(dialect.quote); at != std::string_view::npos; at = line.find(dialect.quote, at + 1)) {
        for (const auto cut : {at, at + 1}) {
            if (++tries > 40) return;
            if (cut == 0 || cut == line.size()) continue;
            const auto whole = arena.keep(std::string{line.substr(0, cut)} + dialect.delimiter + std::string{line.substr(cut)});
            split_line(whole, dialect, arena, record);
            if (record.irregular || record.cells.size() != width) continue;
            contest.enter(record.cells, "a lost delimiter is put back", 1.5);
        }
    }
}

/// A row that is quoted as a whole, its own quotes doubled.
void enter_opened(const Cell& cell, const Dialect& dialect, Arena& arena, Contest& contest) {
    Record record;
    split_line(cell.text(), dialect, arena, record);
    if (!record.irregular) contest.enter(record.cells, "a row quoted as a whole is opened", -1);
}

}  // namespace

std::optional<Repair> repair_quote(std::string_view line, const Dialect& dialect, const ColumnModels& models,
                                   Arena& arena) {
    if (dialect.quote == 0) return std::nullopt;
    Contest contest{models};
    Record record;
    int tries = 0;
    for (auto at = line.find(dialect.quote); at != std::string_view::npos; at = line.find(dialect.quote, at + 1)) {
        if (++tries > 40) break;
        split_line(line, dialect, arena, record, at);
        if (record.irregular || record.cells.size() != models.size()) continue;
        contest.enter(record.cells, "a stray quote is kept as text");
    }
    enter_unfused(line, dialect, models.size(), arena, contest);
    return contest.winner();
}

std::optional<Repair> join_rows(std::string_view line, const std::vector<Cell>& first, const std::vector<Cell>& second,
                                const ColumnModels& models) {
    constexpr double surer = 0.5;  // by cell; what is missing from two rows costs more than one odd cell
    constexpr double surer_by_row = 5;
    const auto width = models.size();
    if (first.size() + second.size() != width + 1 || second.size() == width) return std::nullopt;
    if (first.back().quoted || second.front().quoted) return std::nullopt;
    const auto& begins = models.front();
    const auto text = second.front().text();
    if (begins.has_value(text) || ((begins.is_typed() || begins.is_shaped()) && begins.accepts(text))) return std::nullopt;
    const char* const from = first.back().data;
    const char* const to = second.front().data + second.front().size;
    if (from < line.data() || to > line.data() + line.size() || from > to) return std::nullopt;  // an undone escape
    std::vector<Cell> row{first.begin(), first.end() - 1};
    row.push_back(cell_of({from, static_cast<std::size_t>(to - from)}));
    row.insert(row.end(), second.begin() + 1, second.end());
    auto upper = first;
    auto lower = second;
    upper.resize(width, cell_of(line.substr(line.size())));
    lower.resize(width, cell_of(line.substr(line.size())));
    const double apart = (fit(upper, models) + fit(lower, models)) / 2;
    const double margin = (fit(row, models) - apart) / static_cast<double>(width);
    if (margin < surer || margin * static_cast<double>(width) < surer_by_row) return std::nullopt;
    return Repair{std::move(row), "a text that a line end cut is joined", margin};
}

std::optional<Repair> repair_row(std::string_view line, const std::vector<Cell>& cells, const Dialect& dialect,
                                 const ColumnModels& models, Arena& arena) {
    const auto width = models.size();
    Contest contest{models};
    if (cells.size() + 1 == width) enter_split(cells, models, contest);
    if (cells.size() < width && cells.size() > 1) {
        auto padded = cells;
        padded.resize(width, cell_of(line.substr(line.size())));
        contest.enter(std::move(padded), "missing cells at the end are empty");
    }
    if (cells.size() > width && cells.size() <= width + 8) enter_join(cells, dialect, models, arena, contest);
    if (cells.size() == 1 && cells[0].quoted) enter_opened(cells[0], dialect, arena, contest);
    if (cells.size() <= 2 || cells.size() * 2 <= width) enter_other_delimiters(line, dialect, models, arena, contest);
    return contest.winner();
}

Repair force_row(const std::vector<Cell>& cells, const Dialect& dialect, const ColumnModels& models, Arena& arena) {
    const auto width = models.size();
    if (cells.size() > width) {
        Contest contest{models};
        enter_join(cells, dialect, models, arena, contest);
        if (auto found = contest.winner()) return std::move(*found);
    }
    auto padded = cells;
    padded.resize(width, Cell{"", 0, false});
    return {std::move(padded), "missing cells at the end are empty", 0};
}

}  // namespace millrace::formats::csv
