#include "formats/csv/detail/record.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace millrace::formats::csv {
namespace {

constexpr auto npos = std::string_view::npos;

/// The bytes at which an unquoted cell may end or change meaning.
class Stops {
public:
    explicit Stops(const Dialect& dialect, bool line_ends) {
        mark(dialect.delimiter[0]);
        if (line_ends) mark('\n'), mark('\r');
        if (dialect.quote != 0) mark(dialect.quote);
        if (dialect.escape == Escape::backslash) mark('\\');
    }
    std::size_t next(std::string_view text, std::size_t at) const {
        while (at < text.size() && !stops_[static_cast<unsigned char>(text[at])]) ++at;
        return at;
    }

private:
    void mark(char c) { stops_[static_cast<unsigned char>(c)] = true; }
    std::array<bool, 256> stops_{};
};

class Parser {
public:
    Parser(std::string_view text, bool complete, const Dialect& dialect, bool line_ends, Arena& arena, Record& out)
        : text_{text}, complete_{complete}, dialect_{dialect}, line_ends_{line_ends}, arena_{arena}, out_{out},
          stops_{dialect, line_ends} {}

    std::size_t literal_quote = npos;  ///< a quote at this position is text

    /// `stray` is the position of a quote that does not open a cell, found by an earlier pass; npos for none.
    Parsed run(std::size_t at, Quotes quotes) {
        quotes_ = quotes;
        out_.begin = at;
        out_.cells.clear();
        out_.irregular = out_.broken = out_.unclosed = false;
        out_.lines = 1;
        if (at >= text_.size()) return complete_ ? Parsed::nothing : Parsed::need_more;
        for (;;) {
            const auto stop = cell(at);
            if (stop == End::need_more) return Parsed::need_more;
            at = at_;
            if (stop == End::delimiter) continue;
            out_.content_end = at;
            out_.end = behind_line_end(at);
            if (out_.end == npos) return Parsed::need_more;
            return Parsed::record;
        }
    }

private:
    enum class End { delimiter, record, need_more };

    bool is_quote(std::size_t at) const {
        return dialect_.quote != 0 && text_[at] == dialect_.quote && at != literal_quote;
    }
    bool is_delimiter(std::size_t at) const { return text_.substr(at, dialect_.delimiter.size()) == dialect_.delimiter; }
    /// The delimiter is longer than what is left of the text, which may still become it.
    bool may_be_delimiter(std::size_t at) const {
        const auto left = text_.substr(at);
        return !complete_ && left.size() < dialect_.delimiter.size() && dialect_.delimiter.starts_with(left);
    }
    bool is_line_end(std::size_t at) const { return line_ends_ && (text_[at] == '\n' || text_[at] == '\r'); }

    std::size_t behind_line_end(std::size_t at) const {
        if (at >= text_.size()) return text_.size();
        if (text_[at] == '\n') return at + 1;
        if (at + 1 >= text_.size()) return complete_ ? at + 1 : npos;
        return text_[at + 1] == '\n' ? at + 2 : at + 1;
    }

    End cell(std::size_t at) {
        auto open = at;
        if (dialect_.skip_space) {
            while (open < text_.size() && text_[open] == ' ') ++open;
            if (open >= text_.size() && !complete_) return End::need_more;
        }
        if (open < text_.size() && is_quote(open)) return quoted(at, open);
        return unquoted(at, at);
    }

    /// Reads the cell that started at `begin`, going on at `at`.
    End unquoted(std::size_t begin, std::size_t at) {
        std::string undone;  // text with its backslashes removed, when there are any
        bool escaped = false;
        std::size_t clean = begin;
        for (;; ++at) {
            at = stops_.next(text_, at);
            if (at >= text_.size()) {
                if (!complete_) return End::need_more;
                break;
            }
            if (text_[at] == '\\' && dialect_.escape == Escape::backslash) {
                if (at + 1 >= text_.size()) {
                    if (!complete_) return End::need_more;
                    continue;
                }
                if (is_special(at + 1)) {
                    undone += text_.substr(clean, at - clean);
                    clean = at + 1;
                    escaped = true;
                    ++at;
                }
                continue;
            }
            if (is_quote(at)) {
                // Text as it stands, such as 5" pipe; whoever needs certainty looks at the flag.
                out_.irregular = true;
                continue;
            }
            if (is_line_end(at)) break;
            if (may_be_delimiter(at)) return End::need_more;
            if (is_delimiter(at)) break;
        }
        auto value = text_.substr(begin, at - begin);
        if (escaped) {
            undone += text_.substr(clean, at - clean);
            value = arena_.keep(undone);
        }
        return finish(value, false, at);
    }

    /// A backslash takes the meaning of these away; before others it is just a backslash.
    bool is_special(std::size_t at) const {
        const char c = text_[at];
        return c == '\\' || c == '"' || c == '\'' || c == dialect_.quote || c == dialect_.delimiter[0];
    }

    End finish(std::string_view value, bool quoted, std::size_t at) {
        out_.cells.push_back({value.data(), static_cast<std::uint32_t>(value.size()), quoted});
        if (at < text_.size() && !is_line_end(at)) {
            at_ = at + dialect_.delimiter.size();
            return End::delimiter;
        }
        at_ = at;
        return End::record;
    }

    End quoted(std::size_t begin, std::size_t open) {
        const char quote = dialect_.quote;
        std::string undone;
        bool escaped = false;
        std::size_t clean = open + 1;
        const auto take = [&](std::size_t until, std::size_t go_on) {
            undone += text_.substr(clean, until - clean);
            clean = go_on;
            escaped = true;
        };
        const bool irregular_before = out_.irregular;
        const bool broken_before = out_.broken;
        for (std::size_t at = open + 1;; ++at) {
            at = next_in_quotes(at);
            if (at == npos || at >= text_.size()) {
                if (!complete_ && at == npos) return End::need_more;
                out_.irregular = irregular_before, out_.broken = broken_before;
                return unclosed(begin, open);
            }
            if (text_[at] == '\\' && dialect_.escape == Escape::backslash) {
                if (at + 1 >= text_.size() && !complete_) return End::need_more;
                if (at + 1 < text_.size() && (text_[at + 1] == '\\' || text_[at + 1] == quote)) take(at, at + 1), ++at;
                continue;
            }
            if (text_[at] != quote) {  // a line end
                if (quotes_ == Quotes::line) {
                    out_.irregular = irregular_before, out_.broken = broken_before;
                    return unclosed(begin, open);
                }
                if (text_[at] == '\r' && at + 1 < text_.size() && text_[at + 1] == '\n') ++at;
                ++lines_in_cell_;
                continue;
            }
            if (at == literal_quote) continue;
            if (at + 1 >= text_.size()) {
                if (!complete_) return End::need_more;
                return close(undone, escaped, clean, at, at + 1);
            }
            if (text_[at + 1] == quote && dialect_.escape == Escape::doubled && at + 1 != literal_quote) {
                take(at, at + 1);
                ++at;
                continue;
            }
            auto behind = at + 1;
            while (dialect_.delimiter[0] != ' ' && behind < text_.size() && text_[behind] == ' ') ++behind;
            if (behind >= text_.size()) {
                if (!complete_) return End::need_more;
                return close(undone, escaped, clean, at, behind);
            }
            if (may_be_delimiter(behind)) return End::need_more;
            if (is_line_end(behind) || is_delimiter(behind)) {
                if (behind != at + 1 && !dialect_.skip_space) out_.irregular = out_.broken = true;
                return close(undone, escaped, clean, at, behind);
            }
            if (is_delimiter(at + 1)) return close(undone, escaped, clean, at, at + 1);
            if (dialect_.escape != Escape::none) out_.irregular = out_.broken = true;
        }
    }

    End close(std::string& undone, bool escaped, std::size_t clean, std::size_t at, std::size_t behind) {
        out_.lines += lines_in_cell_;
        lines_in_cell_ = 0;
        const auto rest = text_.substr(clean, at - clean);
        if (!escaped) return finish(rest, true, behind);
        undone += rest;
        return finish(arena_.keep(undone), true, behind);
    }

    End unclosed(std::size_t begin, std::size_t open) {
        lines_in_cell_ = 0;
        out_.unclosed = out_.broken = out_.irregular = true;
        return unquoted(begin, open + 1);
    }

    /// The next quote, backslash or line end; npos at the end of the text.
    std::size_t next_in_quotes(std::size_t at) const {
        const char quote = dialect_.quote;
        const bool backslash = dialect_.escape == Escape::backslash;
        for (; at < text_.size(); ++at) {
            const char c = text_[at];
            if (c == quote || (line_ends_ && (c == '\n' || c == '\r')) || (backslash && c == '\\')) return at;
        }
        return npos;
    }

    std::string_view text_;
    bool complete_;
    const Dialect& dialect_;
    bool line_ends_;
    Arena& arena_;
    Record& out_;
    Stops stops_;
    Quotes quotes_ = Quotes::multiline;
    std::size_t at_ = 0;
    std::uint32_t lines_in_cell_ = 0;
};

/// A line that is quoted as a whole is opened, then read; others are read as they are.
Parsed parse_quoted_line(std::string_view text, std::size_t at, bool complete, const Dialect& dialect, Quotes quotes,
                         Arena& arena, Record& out) {
    const Dialect whole{.delimiter = "\x1e"};
    auto plain = dialect;
    plain.quoted_lines = false;
    Record line;
    const auto parsed = Parser{text, complete, whole, true, arena, line}.run(at, quotes);
    if (parsed != Parsed::record) return parsed;
    if (line.cells.size() != 1 || !line.cells[0].quoted || line.irregular) return parse_record(text, at, complete, plain, quotes, arena, out);
    split_line(line.cells[0].text(), plain, arena, out);
    out.begin = line.begin, out.end = line.end, out.content_end = line.content_end, out.lines = line.lines;
    return parsed;
}

}  // namespace

Parsed parse_record(std::string_view text, std::size_t at, bool complete, const Dialect& dialect, Quotes quotes,
                    Arena& arena, Record& out) {
    if (dialect.quoted_lines) return parse_quoted_line(text, at, complete, dialect, quotes, arena, out);
    return Parser{text, complete, dialect, true, arena, out}.run(at, quotes);
}

void split_line(std::string_view line, const Dialect& dialect, Arena& arena, Record& out, std::size_t literal_quote) {
    Parser parser{line, true, dialect, false, arena, out};
    parser.literal_quote = literal_quote;
    if (parser.run(0, Quotes::multiline) == Parsed::nothing) {
        out.begin = out.end = out.content_end = 0;
        out.cells.assign(1, Cell{line.data(), 0, false});
    }
}

Parsed parse_in_table(std::string_view text, std::size_t at, bool complete, const Dialect& dialect, std::size_t width,
                      Arena& arena, Record& out) {
    const auto parsed = parse_record(text, at, complete, dialect, Quotes::multiline, arena, out);
    if (parsed != Parsed::record || out.lines == 1) return parsed;
    // The block-wise tokenizer takes such a record too; both must agree.
    if (out.cells.size() == width && !out.broken) return parsed;
    Record line;
    parse_record(text, at, complete, dialect, Quotes::line, arena, line);
    if (line.cells.size() == width || out.broken) out = std::move(line);
    return parsed;
}

bool is_blank(std::string_view raw) {
    return std::all_of(raw.begin(), raw.end(), [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
}

}  // namespace millrace::formats::csv
