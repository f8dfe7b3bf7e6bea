// What becomes of the records of a Reader that the block-wise tokenizer does not take.
#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "formats/csv/detail/reader.hpp"
#include "formats/csv/detail/repair.hpp"

namespace millrace::formats::csv {
namespace {

constexpr std::size_t looked_ahead_bytes = 256 * 1024;  ///< to see whether the table ends
constexpr std::size_t raw_bytes_max = 64 * 1024;        ///< of a Reject
constexpr std::size_t repaired_line_bytes_max = 64 * 1024;
constexpr double certain_margin = 0.7;                  ///< twice as likely as the next best reading

}  // namespace

/// Decides what becomes of record_.
Reader::Step Reader::settle(TextBatch& batch) {
    const auto text = stream_.text();
    const auto raw = record_.raw(text);
    const auto width = layout_.width;
    const bool blank = record_.cells.size() == 1 && is_blank(raw);
    if (after_ == Break::none && layout_.end && at_ >= *layout_.end) after_ = layout_.behind;
    if (after_ == Break::none && (blank || record_.cells.size() != width)) {
        // Whether a table ends here is seen in what follows, so enough of it must be there.
        if (text.size() - at_ < looked_ahead_bytes && !stream_.complete()) return grow(batch);
        if (judged_until_ <= stream_.offset() + at_) {
            const auto judged = judge_break(text, at_, stream_.complete(), sniffed_.dialect, layout_);
            after_ = judged.what;
            judged_until_ = stream_.offset() + judged.until;
        }
    }
    if (after_ == Break::other_table && !sequel_) {
        note_sequel();
        if (stops_) return Step::done;
    }
    const bool empty = width > 1 && record_.cells.size() == width && raw.size() == (width - 1) * sniffed_.dialect.delimiter.size();
    if (after_ == Break::none && !blank && !empty && empty_ > 0) {  // the table goes on
        std::swap(owed_, empty_);
        return Step::go_on;
    }
    at_ = record_.end;
    if (blank) {
        ++report_.blank_rows;
    } else if (after_ == Break::none && empty) {
        ++empty_;
    } else if (after_ == Break::other_table) {
        ++report_.other_table_rows;
    } else if (after_ == Break::footnotes) {
        ++report_.footnote_rows;
    } else if (stream_.is_suspect(stream_.offset() + record_.begin, stream_.offset() + record_.end) &&
               first_invalid_utf8(raw) != std::string_view::npos) {
        settle_invalid(batch, raw);
    } else {
        settle_row(batch, raw);
    }
    return Step::go_on;
}

void Reader::note_sequel() {
    pass_lines(at_);
    sequel_ = {.byte_offset = stream_.source_offset(stream_.offset() + at_), .line = line_};
}

void Reader::settle_invalid(TextBatch& batch, std::string_view raw) {
    if (doubt_ == Doubt::reject) {
        reject("invalid_utf8", fmt::format("byte {} of the row is not valid UTF-8", first_invalid_utf8(raw) + 1));
        return;
    }
    for (auto& cell : record_.cells) {
        if (first_invalid_utf8(cell.text()) == std::string_view::npos) continue;
        std::string text;
        append_windows_1252(text, cell.text());
        const auto kept = arena_.keep(text);
        cell.data = kept.data();
        cell.size = static_cast<std::uint32_t>(kept.size());
    }
    note_repair("cells that are not valid UTF-8 are read as windows-1252");
    settle_row(batch, raw);
}

void Reader::settle_row(TextBatch& batch, std::string_view raw) {
    const auto width = layout_.width;
    const auto& dialect = sniffed_.dialect;
    const bool small = raw.size() <= repaired_line_bytes_max && repairs_tried_ < repairs_tried_max;
    if (record_.irregular && small) {
        if (record_.broken || record_.cells.size() != width) {
            ++repairs_tried_;
            if (auto repair = repair_quote(raw, dialect, layout_.models, arena_)) {
                record_.cells = std::move(repair->cells);
                note_repair(repair->what);
                return emit(batch);
            }
        }
    }
    if (record_.cells.size() == width && has_surplus()) return settle_surplus(batch);
    if (layout_.ragged && record_.cells.size() < width) {
        record_.cells.resize(width, Cell{"", 0, false});
        note_repair("missing cells at the end are empty");
        return emit(batch);
    }
    if (record_.cells.size() < width && small && join_next()) return emit(batch);
    if (record_.cells.size() == width) {
        if (record_.unclosed) note_repair("a quote that is not closed is kept as text");
        return emit(batch);
    }
    if (small) {
        ++repairs_tried_;
        auto repair = repair_row(raw, record_.cells, dialect, layout_.models, arena_);
        if (repair && repair->margin >= certain_margin && plausible(*repair)) {
            record_.cells = std::move(repair->cells);
            note_repair(repair->what);
            return emit(batch);
        }
        if (doubt_ == Doubt::keep && repair && plausible(*repair)) {
            record_.cells = std::move(repair->cells);
            note_repair(repair->what);
            return emit(batch);
        }
    }
    if (doubt_ == Doubt::keep) {
        auto forced = force_row(record_.cells, dialect, layout_.models, arena_);
        record_.cells = std::move(forced.cells);
        note_repair(forced.what);
        return emit(batch);
    }
    const auto found = record_.cells.size();
    reject(found < width ? "too_few_fields" : "too_many_fields",
           fmt::format("the row has {} cells, the table has {} columns", found, width));
}

/// Cells behind the last column, where all rows so far only had delimiters.
bool Reader::has_surplus() const {
    return std::any_of(record_.cells.begin() + static_cast<std::ptrdiff_t>(layout_.columns), record_.cells.end(), [](const Cell& c) { return c.size > 0; });
}

void Reader::settle_surplus(TextBatch& batch) {
    if (doubt_ == Doubt::reject) {
        return reject("too_many_fields", fmt::format("the row has {} cells, the table has {} columns", record_.cells.size(), layout_.columns));
    }
    std::string text;
    for (auto c = layout_.columns - 1; c < record_.cells.size(); ++c) {
        if (c >= layout_.columns) text += sniffed_.dialect.delimiter;
        text += record_.cells[c].text();
    }
    const auto kept = arena_.keep(text);
    record_.cells[layout_.columns - 1] = {kept.data(), static_cast<std::uint32_t>(kept.size()), false};
    note_repair("cells behind the last column are joined to it");
    emit(batch);
}

/// Puts the next record behind record_ when both are one row that a line end cut.
bool Reader::join_next() {
    const auto text = stream_.text();
    Record next;
    if (parse_record(text, record_.end, stream_.complete(), sniffed_.dialect, Quotes::line, arena_, next) != Parsed::record) return false;
    if (is_blank(next.raw(text)) || next.irregular) return false;
    if (stream_.is_suspect(stream_.offset() + next.begin, stream_.offset() + next.end)) return false;
    auto joined = join_rows(text.substr(record_.begin, next.end - record_.begin), record_.cells, next.cells, layout_.models);
    if (!joined || !plausible(*joined)) return false;
    record_.cells = std::move(joined->cells);
    at_ = record_.end = next.end;
    note_repair(joined->what);
    return true;
}

/// Not worse than what rows of this table look like.
bool Reader::plausible(const Repair& repair) const {
    double sum = 0;
    std::size_t clashes = 0;
    for (std::size_t c = 0; c < repair.cells.size(); ++c) {
        const auto text = repair.cells[c].text();
        sum += layout_.models[c].fit(text);
        if (!trim(text).empty() && layout_.models[c].is_typed() && !layout_.models[c].accepts(text)) ++clashes;
    }
    return clashes == 0 && sum / static_cast<double>(repair.cells.size()) > -2.5;
}

void Reader::note_repair(std::string_view what) {
    if (!repaired_) ++report_.rows_repaired;
    repaired_ = true;
    ++repairs_[std::string{what}];
}

void Reader::emit(TextBatch& batch) {
    if (!counting_) batch.cells.insert(batch.cells.end(), record_.cells.begin(),
                       record_.cells.begin() + static_cast<std::ptrdiff_t>(layout_.columns));
    ++batch.rows;
    ++report_.rows_out;
    repaired_ = false;
}

void Reader::reject(std::string code, std::string reason) {
    ++report_.rows_rejected;
    if (!options_.on_reject) return;
    pass_lines(record_.begin);
    options_.on_reject({.line = line_,
                        .byte_offset = stream_.source_offset(stream_.offset() + record_.begin),
                        .column = std::nullopt,
                        .code = std::move(code),
                        .reason = std::move(reason),
                        .raw = std::string{record_.raw(stream_.text()).substr(0, raw_bytes_max)}});
}

}  // namespace millrace::formats::csv
