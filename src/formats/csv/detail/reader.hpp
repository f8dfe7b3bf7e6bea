#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/csv/detail/layout.hpp"
#include "formats/csv/detail/record.hpp"
#include "formats/csv/detail/repair.hpp"
#include "formats/csv/detail/sniff.hpp"
#include "formats/csv/detail/tokenizer.hpp"
#include "formats/encoding.hpp"
#include "formats/format.hpp"

namespace millrace::formats::csv {

/// The keys of ReadOptions::dialect, checked.
struct Overrides {
    Given dialect;
    LayoutGiven layout;
    std::optional<std::string> encoding;

    /// Throws Error{invalid_parameter}.
    static Overrides from(const json::object& keys);
};

/// What to do with a row that cannot be repaired with certainty.
enum class Doubt {
    reject,  ///< for an import: the row is a Reject
    keep,    ///< for a conversion: every cell is kept, padded or joined, and the row counts as repaired
};

/// The start of another table, behind the one that was read.
struct Sequel {
    std::uint64_t byte_offset = 0;
    std::uint64_t line = 1;
};

/// Reads the first table; see format.hpp. One thread at a time.
class Reader final : public TableReader {
public:
    Reader(Source& source, const ReadOptions& options, Doubt doubt = Doubt::reject);

    const std::vector<std::string>& names() const override { return names_; }
    bool has_header() const override { return layout_.has_header; }
    bool next(TextBatch& batch) override;
    const ReadReport& report() const override { return report_; }
    std::optional<std::string> position() override;
    void go_on(std::string_view position) override;
    /// From now on batches have rows and no cells.
    void count_only() { counting_ = true; }
    /// From now on reading ends where another table begins; what stands there is not counted.
    void stop_at_sequel() { stops_ = true; }
    /// Known when reading has come to it.
    const std::optional<Sequel>& sequel() const { return sequel_; }
    const Dialect& dialect() const { return sniffed_.dialect; }
    const Sniffed& sniffed() const { return sniffed_; }
    const Layout& layout() const { return layout_; }
    const Encoding& encoding() const { return stream_.encoding(); }

private:
    /// What reading has changed since `open`, beside the place in the text.
    template <class Archive>
    void state(Archive& archive) {
        archive(report_.rows_out, report_.rows_rejected, report_.header_rows, report_.preamble_rows, report_.footnote_rows, report_.blank_rows,
                report_.other_table_rows, report_.rows_repaired, report_.warnings);
        archive(layout_.end, stretch_, sequel_, repairs_, repairs_tried_, repaired_, after_, judged_until_, line_, empty_, owed_);
    }
    enum class Step { go_on, batch_full, done };
    static constexpr std::uint64_t repairs_tried_max = 20'000;  ///< a file of damage only is not worth more

    void open();
    void describe();
    void finish();
    Step step(TextBatch& batch);
    void regular(TextBatch& batch);
    bool skip_empty(std::string_view segment);
    Step pay(TextBatch& batch);
    bool has_surplus() const;
    void settle_surplus(TextBatch& batch);
    bool join_next();
    void deliver(TextBatch& batch, std::string_view segment, std::size_t rows);
    Cell unquoted(std::string_view text);
    Step careful(TextBatch& batch);
    Step grow(TextBatch& batch);
    Step settle(TextBatch& batch);
    void note_sequel();
    void settle_invalid(TextBatch& batch, std::string_view raw);
    void settle_row(TextBatch& batch, std::string_view raw);
    bool plausible(const Repair& repair) const;
    void note_repair(std::string_view what);
    void emit(TextBatch& batch);
    void reject(std::string code, std::string reason);
    [[noreturn]] void refuse_long_line();
    void pass_lines(std::size_t until);
    void pass();
    void warn(const std::string& what);

    ReadOptions options_;
    Doubt doubt_;
    Overrides overrides_;
    TextStream stream_;
    Sniffed sniffed_;
    Layout layout_;
    std::vector<std::string> names_;
    ReadReport report_;
    Arena arena_;
    Record record_;
    CellIndex index_;
    std::size_t stretch_ = 256 * 1024;  ///< bytes to index at once
    std::string scratch_;
    bool is_plain_ = false;  ///< the block-wise tokenizer may be used
    bool cr_only_ = false;   ///< lines end with CR alone
    bool counting_ = false;
    bool stops_ = false;     ///< at the sequel
    std::optional<Sequel> sequel_;
    std::map<std::string, std::uint64_t> repairs_;  ///< what was done, how often
    std::uint64_t repairs_tried_ = 0;
    bool repaired_ = false;          ///< record_ has been counted as repaired
    Break after_ = Break::none;      ///< what the text at at_ is part of, once the table has ended
    std::uint64_t judged_until_ = 0; ///< in the whole text: no table ends before this
    std::size_t at_ = 0;       ///< in stream_.text(): everything before it is settled
    std::size_t lines_at_ = 0; ///< in stream_.text(): line_ has been counted up to here
    std::uint64_t line_ = 1;
    std::uint64_t empty_ = 0;  ///< rows of delimiters only that have been passed: part of the table if it goes on
    std::uint64_t owed_ = 0;   ///< of these, to be delivered
    bool done_ = false;
};

}  // namespace millrace::formats::csv
