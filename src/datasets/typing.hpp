#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/notation.hpp"
#include "formats/format.hpp"
#include "formats/types.hpp"

namespace millrace::datasets {

/// The rules, in short. A cell that is empty and unquoted is null. A column is
/// - int64 when every text is canonical: "-12", "0"; not "007", "+5", "-0" or more than 18 digits: those make it text;
/// - decimal when every text has at most 18 digits in all; the scale is the longest one in the column;
/// - float64 when there are exponents, or more digits than a decimal holds but no more than a double prints;
/// - boolean for true and false in lower, capital or upper case;
/// - date for yyyy-MM-dd (also with / or .), and for dd/MM/yyyy or MM/dd/yyyy when some value is impossible in the
///   other order; time for HH:mm[:ss[.ffffff]]; timestamp for a date, "T" or a space, a time, and then for every row
///   or for none of them a zone;
/// - text otherwise. Quotes do not matter, except that a quoted empty cell is text.

/// What all texts seen so far could be.
class Inference {
public:
    void add(std::string_view text);
    /// Adds what is known of values that have already been read as `type`; `magnitude` is the largest absolute value.
    void add(const formats::DataType& type, const Notation& notation, std::uint64_t magnitude);

    bool empty() const { return empty_; }
    /// Nothing but text holds them all, whatever may come.
    bool is_text() const { return kinds_ == 0; }
    /// The narrowest type that holds them all.
    formats::DataType type() const;
    Notation::Order order() const;
    char date_mark() const { return date_mark_; }
    /// Dates that are valid both ways round so far, and therefore text.
    bool ambiguous() const;

private:
    void add_number(std::string_view text);
    bool add_date(std::string_view text);

    bool empty_ = true;
    std::uint16_t kinds_ = 0xffff;
    int whole_digits_ = 0;
    int scale_ = 0;
    char date_mark_ = 0;
};

/// A cell whose text is kept beside its typed value.
struct KeptText {
    std::uint32_t row = 0;  ///< within the row group
    std::string text;
};

/// Turns the cells of one column into typed values, row group by row group. The type is taken from the first batch and
/// widened when a cell does not fit: at once while no rows of the narrower type have been taken away, else
/// `too_narrow` becomes true and the final type is known at the end of the file.
class ColumnBuilder {
public:
    struct Options {
        bool infer = true;
        const std::vector<std::string>* null_words = nullptr;
    };
    explicit ColumnBuilder(Options options);
    /// A second pass over the same rows, with the type that holds them all, and a notation unless it is still to be chosen.
    ColumnBuilder(Options options, const formats::DataType& type, const Inference& inference, const std::optional<Notation>& notation);

    /// Reads column `index` of the batch; `first_row` is the number of its first row in the table.
    void append(const formats::TextBatch& batch, std::size_t index, std::uint64_t first_row);
    /// To be called before the values are taken: last chance to change the type of what has not been written.
    void before_take();
    /// Takes the values away (by swapping with an empty column, so that memory is used again) and the kept texts.
    void take(formats::Column& values, std::vector<KeptText>& kept);
    /// Forgets the values, keeping what they mean for the type; for a pass that only infers.
    void drop();

    const formats::DataType& type() const { return type_; }
    const Notation& notation() const { return notation_; }
    const Inference& inference() const { return taken_; }
    bool too_narrow() const { return too_narrow_; }
    /// Memory of what is at hand, kept texts included.
    std::size_t size_bytes() const { return values_.size_bytes() + kept_.size() * sizeof(KeptText); }

    struct Change {
        formats::Type from, to;
        std::uint64_t row;
        std::string text;

        template <class Archive>
        void state(Archive& archive) { archive(from, to, row, text); }
    };
    const std::vector<Change>& changes() const { return changes_; }

    /// Between `take` or `drop` and the next rows.
    template <class Archive>
    void state(Archive& archive) {
        archive(undecided_, fixed_, fixed_notation_, too_narrow_, taken_any_, ambiguous_, type_, notation_, taken_, changes_);
        values_.type = type_;
    }

private:
    void append(CellRun cells, std::uint64_t first_row);
    std::size_t append_typed(const CellRun& cells);
    void append_text(const CellRun& cells);
    void decide(const CellRun& cells, std::uint64_t first_row);
    void widen(const CellRun& cells, std::uint64_t first_row);
    void change_type(const Inference& inference, const formats::DataType& type, const CellRun& rest);
    void rebuild(const formats::DataType& type, const Notation& base, const CellRun& rest);
    void choose_notation(const CellRun& first, const CellRun& second);
    void note(const formats::DataType& from, const formats::DataType& to, std::uint64_t row, std::string_view text);
    void add_values(Inference& inference) const;
    formats::Column texts() const;
    bool is_null_word(std::string_view text) const;

    Options options_;
    bool undecided_ = true;   // only nulls so far
    bool fixed_ = false;      // second pass: the type is given
    bool fixed_notation_ = false;
    bool too_narrow_ = false;
    bool taken_any_ = false;  // rows that are not null have been taken away
    bool ambiguous_ = false;
    formats::DataType type_;
    Notation notation_;
    formats::Column values_;
    std::vector<KeptText> kept_;
    Inference taken_;         // of what has been taken away or dropped
    std::vector<CellState> states_;
    std::vector<Change> changes_;
};

}  // namespace millrace::datasets
