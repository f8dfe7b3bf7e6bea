#include "formats/csv/detail/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/describe.hpp"
#include "base/error.hpp"
#include "base/utf8.hpp"
#include "formats/csv/csv.hpp"
#include "formats/state.hpp"

namespace millrace::formats::csv {
namespace {

constexpr std::size_t batch_bytes = 256 * 1024;         ///< of text per batch, about
constexpr std::size_t stretch_bytes_min = 2 * 1024;     ///< indexed at least, where the file is damaged
constexpr std::size_t stray_quote_bytes = 256 * 1024;   ///< a quote open for longer is put to the test

[[noreturn]] void refuse(std::string_view key, std::string why) {
    throw Error{Code::invalid_parameter, {{"name", std::string{key}}, {"why", std::move(why)}}};
}

std::string text_of(std::string_view key, const json::value& value) {
    if (!value.is_string()) refuse(key, "expected text");
    return std::string{std::string_view{value.get_string()}};
}

std::size_t number_of(std::string_view key, const json::value& value) {
    std::int64_t n = -1;
    if (value.is_int64()) n = value.get_int64();
    if (value.is_uint64() && value.get_uint64() < 10'000) n = static_cast<std::int64_t>(value.get_uint64());
    if (n < 0 || n > 10'000) refuse(key, "expected a whole number from 0 to 10000");
    return static_cast<std::size_t>(n);
}

bool is_control(char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\x1b' && u < 0x1c) || u == 0x7f;
}

/// Text has few control characters; some are used as delimiters, so a delimiter is allowed to be one.
void refuse_binary(std::string_view head, const TextStream& stream) {
    const auto sample = head.substr(0, 8192);
    std::array<std::size_t, 256> count{};
    std::size_t first = std::string_view::npos;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        if (!is_control(sample[i])) continue;
        ++count[static_cast<unsigned char>(sample[i])];
        first = std::min(first, i);
    }
    std::size_t all = 0;
    std::size_t most = 0;
    for (const auto n : count) all += n, most = std::max(most, n);
    if ((all - most) * 20 > sample.size() || (all - most) > 64) {
        throw Error{Code::not_text,
                    {{"offset", std::to_string(stream.source_offset(stream.offset() + first))}, {"why", "control characters"}}};
    }
}

std::size_t bytes_without_cr(std::string_view segment, std::size_t begin, std::size_t end) {
    return end - begin - (end > begin && segment[end - 1] == '\r');
}

}  // namespace

Overrides Overrides::from(const json::object& keys) {
    Overrides given;
    for (const auto& field : keys) {
        const std::string_view key = field.key();
        const auto& value = field.value();
        if (key == "delimiter") {
            auto text = text_of(key, value);
            if (text.empty() || text.size() > 4 || text.find_first_of("\r\n") != std::string::npos) {
                refuse(key, "expected 1 to 4 bytes without line ends");
            }
            given.dialect.delimiter = std::move(text);
        } else if (key == "quote") {
            const auto text = value.is_null() ? std::string{} : text_of(key, value);
            if (text.size() > 1 || (!text.empty() && (text[0] == '\n' || text[0] == '\r' || text[0] < 0))) {
                refuse(key, "expected one ASCII character, or nothing");
            }
            given.dialect.quote = text.empty() ? '\0' : text[0];
        } else if (key == "escape") {
            const auto escape = from_word<Escape>(text_of(key, value));
            if (!escape) refuse(key, "expected doubled, backslash or none");
            given.dialect.escape = *escape;
        } else if (key == "encoding") {
            given.encoding = text_of(key, value);
            if (canonical_encoding(*given.encoding).empty()) refuse(key, *given.encoding + " is not a known encoding");
        } else if (key == "header") {
            if (!value.is_bool()) refuse(key, "expected true or false");
            given.layout.header = value.get_bool();
        } else if (key == "header_rows") {
            given.layout.header_rows = number_of(key, value);
        } else if (key == "skip_rows") {
            given.layout.skip = number_of(key, value);
        } else {
            refuse("dialect." + std::string{key},
                   "known keys: delimiter, quote, escape, encoding, header, header_rows, skip_rows");
        }
    }
    if (given.dialect.delimiter && given.dialect.quote && *given.dialect.quote != 0 &&
        given.dialect.delimiter->find(*given.dialect.quote) != std::string::npos) {
        refuse("delimiter", "it must not contain the quote");
    }
    return given;
}

Reader::Reader(Source& source, const ReadOptions& options, Doubt doubt)
    : options_{options}, doubt_{doubt}, overrides_{Overrides::from(options.dialect)}, stream_{source, overrides_.encoding} {
    report_.bytes = source.size();
    open();
}

void Reader::open() {
    stream_.extend();
    if (stream_.text().empty() && stream_.complete()) throw Error{Code::empty_file};
    refuse_binary(stream_.text(), stream_);
    sniffed_ = sniff_dialect(stream_.text(), stream_.complete(), overrides_.dialect);
    layout_ = find_layout(stream_.text(), stream_.complete(), sniffed_.dialect, overrides_.layout);
    if (stream_.complete() && is_blank(stream_.text())) throw Error{Code::empty_file};
    if (layout_.width > options_.columns_max) {
        throw Error{Code::too_many_columns, {{"limit", std::to_string(options_.columns_max)}}};
    }
    report_.header_rows = layout_.header_rows;
    report_.preamble_rows = layout_.preamble_rows;
    report_.blank_rows = layout_.blank_rows;
    names_ = layout_.names;
    names_.resize(layout_.columns);
    if (!layout_.has_header) {
        for (std::size_t c = 0; c < names_.size(); ++c) names_[c] = fmt::format("column_{}", c + 1);
    }
    at_ = layout_.body;
    describe();
    is_plain_ = sniffed_.dialect.is_plain();
    cr_only_ = report_.dialect["line_end"] == "cr";
}

void Reader::describe() {
    auto dialect = to_json_object(sniffed_.dialect);
    dialect["line_end"] = line_ends(stream_.text().substr(0, 64 * 1024), sniffed_.dialect);
    dialect["encoding"] = stream_.encoding().name;
    dialect["encoding_reason"] = stream_.encoding().reason;
    dialect["encoding_confidence"] = stream_.encoding().confidence;
    dialect["header"] = layout_.has_header;
    dialect["header_rows"] = layout_.header_rows;
    dialect["header_confidence"] = layout_.header_confidence;
    dialect["columns"] = layout_.columns;
    dialect["confidence"] = sniffed_.confidence;
    dialect["reason"] = sniffed_.reason;
    report_.dialect = std::move(dialect);
    if (layout_.preamble_rows > 0) warn(fmt::format("{} row(s) before the table are left out", layout_.preamble_rows));
    if (layout_.header_rows > 1) warn(fmt::format("the heading is joined from {} rows", layout_.header_rows));
    if (layout_.header_repair) warn(*layout_.header_repair);
}

void Reader::warn(const std::string& what) {
    if (report_.warnings.size() < 50) report_.warnings.push_back(what);
}

bool Reader::next(TextBatch& batch) {
    batch.columns = layout_.columns;
    batch.rows = 0;
    batch.cells.clear();
    batch.first_row = report_.rows_out;
    if (done_) return false;
    arena_.clear();
    pass();
    for (;;) {
        const auto result = step(batch);
        if (result == Step::go_on) continue;
        if (result == Step::done) finish();
        break;
    }
    batch.bytes_consumed = done_ ? report_.bytes : stream_.source_offset(stream_.offset() + at_);
    return batch.rows > 0;
}

/// What is settled is no longer part of the text.
void Reader::pass() {
    pass_lines(at_);
    stream_.consume(at_);
    if (layout_.end) *layout_.end -= std::min(*layout_.end, at_);
    at_ = lines_at_ = 0;
}

std::optional<std::string> Reader::position() {
    pass();
    auto place = stream_.place();
    if (!place || done_) return std::nullopt;
    StateWriter out;
    out(*place);
    state(out);
    return out.take();
}

void Reader::go_on(std::string_view position) {
    StateReader in{position};
    TextStream::Place place;
    in(place);
    state(in);
    stream_.go_on(place);
    at_ = lines_at_ = 0;
}

void Reader::finish() {
    done_ = true;
    report_.blank_rows += empty_;
    report_.rows_reported = report_.header_rows + report_.preamble_rows + report_.footnote_rows + report_.blank_rows +
                            report_.other_table_rows;
    report_.rows_in = report_.rows_out + report_.rows_rejected + report_.rows_reported;
    report_.dialect["encoding"] = stream_.encoding().name;  // may have been decided after the start
    report_.dialect["encoding_reason"] = stream_.encoding().reason;
    report_.dialect["encoding_confidence"] = stream_.encoding().confidence;
    for (const auto& [what, n] : repairs_) warn(fmt::format("{} row(s): {}", n, what));
    if (report_.footnote_rows > 0) warn(fmt::format("{} row(s) below the table are left out", report_.footnote_rows));
    if (report_.other_table_rows > 0) {
        warn(fmt::format("another table follows in the file; its {} row(s) are left out", report_.other_table_rows));
    }
}

Reader::Step Reader::step(TextBatch& batch) {
    if (batch.rows > 0 && at_ >= batch_bytes) return Step::batch_full;
    if (owed_ > 0) return pay(batch);
    if (is_plain_ && after_ == Break::none) {
        const auto before = at_;
        regular(batch);
        if (owed_ > 0) return Step::go_on;
        if (at_ > before && at_ >= batch_bytes) return batch.rows > 0 ? Step::batch_full : Step::go_on;
    }
    return careful(batch);
}

/// Delivers the rows from at_ on that are regular to the last quote, as far as there are any in this batch.
void Reader::regular(TextBatch& batch) {
    const auto text = stream_.text();
    const auto limit = layout_.end ? std::min(*layout_.end, text.size()) : text.size();
    if (at_ >= limit) return;
    const auto segment = text.substr(at_, std::min(limit - at_, stretch_));
    const Marks marks{sniffed_.dialect.delimiter[0], sniffed_.dialect.quote, cr_only_ ? '\r' : '\n'};
    index_cells(segment, marks, index_);
    const bool suspect = stream_.is_suspect(stream_.offset() + at_, stream_.offset() + at_ + segment.size());
    const auto width = layout_.width;
    const auto columns = layout_.columns;
    std::size_t cells = 0;
    std::size_t begin = 0;
    std::size_t rows = 0;
    if (skip_empty(segment)) return;
    for (; rows < index_.rows; ++rows) {
        if (index_.row_ends[rows] - cells != width) break;
        const std::size_t end = index_.cell_ends[cells + width - 1];
        if (end - begin <= width && width > 1 && bytes_without_cr(segment, begin, end) == width - 1) break;  // nothing but delimiters
        if (columns < width && bytes_without_cr(segment, begin, end) != index_.cell_ends[cells + columns - 1] - begin + width - columns) break;
        if (width == 1 && is_blank(segment.substr(begin, end - begin))) break;
        if (suspect && first_invalid_utf8(segment.substr(begin, end - begin)) != std::string_view::npos) break;
        cells += width;
        begin = end + 1;
    }
    // Where rows are damaged, what was indexed behind them is thrown away: index less until it gets better.
    const bool broken = begin + stretch_ / 4 < segment.size();
    stretch_ = broken ? std::clamp<std::size_t>(begin * 2, stretch_bytes_min, batch_bytes) : std::min(stretch_ * 2, batch_bytes);
    if (rows == 0) return;
    if (empty_ > 0) {  // the table goes on
        std::swap(owed_, empty_);
        return;
    }
    if (!counting_) deliver(batch, segment, rows);
    else batch.rows += rows;
    report_.rows_out += rows;
    at_ += begin;
}

/// Passes the rows at the start of what has been indexed that hold delimiters only.
bool Reader::skip_empty(std::string_view segment) {
    const auto width = layout_.width;
    if (width == 1) return false;
    std::size_t begin = 0;
    std::uint64_t rows = 0;
    for (; rows < index_.rows && index_.row_ends[rows] == (rows + 1) * width; ++rows) {
        const std::size_t end = index_.cell_ends[(rows + 1) * width - 1];
        if (bytes_without_cr(segment, begin, end) != width - 1) break;
        begin = end + 1;
    }
    empty_ += rows;
    at_ += begin;
    return rows > 0;
}

/// Delivers rows without a filled cell that stand between others, some thousand cells at a time.
Reader::Step Reader::pay(TextBatch& batch) {
    constexpr std::size_t cells_max = 16'384;
    const auto rows = std::min<std::uint64_t>(owed_, std::max<std::size_t>(1, cells_max / layout_.columns));
    if (!counting_) batch.cells.insert(batch.cells.end(), rows * layout_.columns, Cell{"", 0, false});
    batch.rows += rows;
    report_.rows_out += rows;
    owed_ -= rows;
    return owed_ > 0 ? Step::batch_full : Step::go_on;
}

void Reader::deliver(TextBatch& batch, std::string_view segment, std::size_t rows) {
    const auto width = layout_.width;
    const auto columns = layout_.columns;
    const char quote = sniffed_.dialect.quote;
    const char* const text = segment.data();
    const auto had = batch.cells.size();
    batch.cells.resize(had + rows * columns);
    Cell* out = batch.cells.data() + had;
    const std::uint32_t* ends = index_.cell_ends.data();
    std::uint32_t begin = 0;
    for (std::size_t r = 0; r < rows; ++r, ends += width) {
        for (std::size_t c = 0; c < columns; ++c) {
            std::uint32_t end = ends[c];
            const auto next = end + 1;
            if (c + 1 == width && !cr_only_ && end > begin && text[end - 1] == '\r') --end;
            if (quote != 0 && end > begin && text[begin] == quote) {
                *out++ = unquoted(segment.substr(begin + 1, end - begin - 2));
            } else {
                *out++ = {text + begin, end - begin, false};
            }
            begin = next;
        }
        begin = ends[width - 1] + 1;
    }
    batch.rows += rows;
}

/// The text of a regular quoted cell: its doubled quotes are halved.
Cell Reader::unquoted(std::string_view text) {
    const char quote = sniffed_.dialect.quote;
    auto found = text.find(quote);
    if (found == std::string_view::npos) return {text.data(), static_cast<std::uint32_t>(text.size()), true};
    scratch_.clear();
    std::size_t clean = 0;
    for (; found != std::string_view::npos; found = text.find(quote, clean + 1)) {
        scratch_ += text.substr(clean, found - clean);
        clean = found + 1;  // the second of the two stays
    }
    scratch_ += text.substr(clean);
    const auto kept = arena_.keep(scratch_);
    return {kept.data(), static_cast<std::uint32_t>(kept.size()), true};
}

/// Makes the text behind at_ longer. Rows already in the batch point into the text, so they are handed over first.
Reader::Step Reader::grow(TextBatch& batch) {
    if (batch.rows > 0) return Step::batch_full;
    if (at_ > 0) {
        pass();
        arena_.clear();
    }
    if (!stream_.extend()) return Step::done;
    return Step::go_on;
}

Reader::Step Reader::careful(TextBatch& batch) {
    const auto text = stream_.text();
    if (at_ >= text.size()) return stream_.complete() ? Step::done : grow(batch);
    auto parsed = parse_in_table(text, at_, stream_.complete(), sniffed_.dialect, layout_.width, arena_, record_);
    if (parsed == Parsed::need_more) {
        const auto open = text.size() - at_;
        // A quote that stays open for long is a stray one when its line is a row of the table by itself.
        if (open > stray_quote_bytes) {
            parsed = parse_record(text, at_, false, sniffed_.dialect, Quotes::line, arena_, record_);
            if (parsed == Parsed::record && record_.cells.size() != layout_.width && open <= options_.record_bytes_max) {
                parsed = Parsed::need_more;
            }
        }
        if (parsed == Parsed::need_more) {
            if (open > options_.record_bytes_max) refuse_long_line();
            const auto grown = grow(batch);
            // Twice as much each time, so that a long record is not read again for every window.
            while (grown == Step::go_on && stream_.text().size() < 2 * open &&
                   stream_.text().size() <= options_.record_bytes_max && stream_.extend()) {
            }
            return grown;
        }
    }
    if (parsed == Parsed::nothing) return Step::done;
    if (record_.end - record_.begin > options_.record_bytes_max) refuse_long_line();
    return settle(batch);
}

void Reader::refuse_long_line() {
    pass_lines(at_);
    throw Error{Code::line_too_long,
                {{"line", std::to_string(line_)}, {"limit", std::to_string(options_.record_bytes_max)}}};
}

/// Counts the line ends up to `until`.
void Reader::pass_lines(std::size_t until) {
    if (until <= lines_at_) return;
    const auto text = stream_.text();
    line_ += count_line_ends(text.substr(lines_at_, until - lines_at_));
    lines_at_ = until;
    // The two bytes of one line end may have been counted apart.
    if (until < text.size() && text[until - 1] == '\r' && text[until] == '\n') --line_;
}

ReadReport count(Source& source, const ReadOptions& options) {
    Reader reader{source, options};
    reader.count_only();
    for (TextBatch batch; reader.next(batch);) {}
    return reader.report();
}

}  // namespace millrace::formats::csv
