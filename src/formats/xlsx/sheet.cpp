#include "formats/xlsx/detail/sheet.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "formats/sheet/xml.hpp"

namespace millrace::formats::xlsx {
namespace {

using sheet::Attributes;
constexpr std::size_t value_bytes_max = 64 << 20;

[[noreturn]] void damaged(const char* why) { throw Error{Code::malformed_file, {{"why", why}}}; }

/// Where a cell stands, "BC12". Either part may be missing.
struct Reference {
    std::uint32_t column = 0;  ///< from 1; 0: not said
    std::uint64_t row = 0;
};

Reference parse_reference(std::string_view text) {
    Reference reference;
    std::size_t at = 0;
    for (; at < text.size() && at < 4; ++at) {
        const char c = text[at];
        if (c >= 'A' && c <= 'Z') reference.column = reference.column * 26 + static_cast<std::uint32_t>(c - 'A') + 1;
        else if (c >= 'a' && c <= 'z') reference.column = reference.column * 26 + static_cast<std::uint32_t>(c - 'a') + 1;
        else break;
    }
    const auto digits = text.substr(at);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), reference.row);
    if (!digits.empty() && (error != std::errc{} || stop != digits.data() + digits.size())) damaged("a cell has no valid place");
    if (reference.column > sheet::columns_max || reference.row > sheet::rows_max) damaged("a cell is outside the largest sheet");
    return reference;
}

/// One sheet while it is parsed; rows that are complete go to a block.
class SheetHandler final : public sheet::XmlHandler {
public:
    SheetHandler(const Context& context, sheet::RowBlock& block) : context_{context}, block_{block} {}

    void start(std::string_view name, const Attributes& attributes) override {
        if (!in_data_) {
            in_data_ = name == "sheetData";
        } else if (name == "c") {
            start_cell(attributes);
        } else if (name == "v") {
            in_text_ = in_cell_;
        } else if (name == "row") {
            start_row(attributes);
        } else if (name == "t") {
            in_text_ = in_cell_ && inline_ > 0 && phonetic_ == 0;
        } else if (name == "is") {
            ++inline_;
        } else if (name == "rPh") {
            ++phonetic_;
        }
    }

    void end(std::string_view name) override {
        if (!in_data_) return;
        if (name == "v" || name == "t") in_text_ = false;
        else if (name == "c") end_cell();
        else if (name == "row") end_row();
        else if (name == "is") --inline_;
        else if (name == "rPh") --phonetic_;
        else if (name == "sheetData") in_data_ = false;
    }

    void text(std::string_view text) override {
        if (!in_text_) return;
        if (value_.size() + text.size() > value_bytes_max) damaged("a cell is too large");
        value_ += text;
    }

    /// The block has been handed over as `given`: what it has of the row that is still open moves to the new one.
    void keep_open_row(sheet::RowBlock& given) {
        const auto open = given.cells.begin() + static_cast<std::ptrdiff_t>(first_);
        for (auto cell = open; cell != given.cells.end(); ++cell) {
            block_.cells.push_back({cell->column, cell->size, block_.text.size()});
            block_.text += given.text_of(*cell);
        }
        given.cells.erase(open, given.cells.end());
        first_ = 0;
    }

private:
    void start_row(const Attributes& attributes) {
        const auto said = attributes["r"];
        std::uint64_t number = row_ + 1;
        if (!said.empty()) number = parse_reference(said).row;
        // Rows that go back are kept, in the order of the file.
        row_ = std::max(number, row_ + 1);
        if (row_ > sheet::rows_max) damaged("a cell is outside the largest sheet");
        column_ = 0;
        sorted_ = true;
        first_ = block_.cells.size();
    }

    void start_cell(const Attributes& attributes) {
        in_cell_ = true;
        value_.clear();
        type_ = {};
        style_ = 0;
        auto column = column_ + 1;
        attributes.each([&](std::string_view name, std::string_view value) {
            if (name == "r") {
                if (const auto said = parse_reference(value).column; said != 0) column = said;
            } else if (name == "t") {
                type_ = type_of(value);
            } else if (name == "s") {
                std::from_chars(value.data(), value.data() + value.size(), style_);
            }
        });
        if (column > sheet::columns_max) damaged("a cell is outside the largest sheet");
        sorted_ = sorted_ && column > column_;
        column_ = column;
    }

    enum class Type : std::uint8_t { number, shared, text, boolean, date };
    static Type type_of(std::string_view word) {
        if (word == "s") return Type::shared;
        if (word == "b") return Type::boolean;
        if (word == "d") return Type::date;
        return word.empty() || word == "n" ? Type::number : Type::text;  // str, inlineStr, e
    }

    void end_cell() {
        in_cell_ = false;
        if (value_.empty()) return;
        const auto begin = block_.text.size();
        switch (type_) {
            case Type::shared: append_shared(); break;
            case Type::boolean: block_.text += value_ == "0" || value_ == "false" ? "FALSE" : "TRUE"; break;
            case Type::number: append_number(); break;
            case Type::date: append_date(); break;
            case Type::text:
                value_.resize(undo_escapes(value_.data(), value_.size()));
                block_.text += value_;
                break;
        }
        const auto size = block_.text.size() - begin;
        if (size > 0) block_.cells.push_back({column_ - 1, static_cast<std::uint32_t>(size), begin});
    }

    void append_shared() {
        std::size_t index = 0;
        const auto [stop, error] = std::from_chars(value_.data(), value_.data() + value_.size(), index);
        if (error != std::errc{} || stop != value_.data() + value_.size() || index >= context_.strings.size()) {
            damaged("a cell names a string that does not exist");
        }
        block_.text += context_.strings[index];
    }

    void append_number() {
        const auto shown = style_ < context_.styles.size() ? context_.styles[style_] : sheet::Shown::number;
        double serial = 0;
        if (shown != sheet::Shown::number) {
            const auto [stop, error] = std::from_chars(value_.data(), value_.data() + value_.size(), serial);
            if (error == std::errc{} && stop == value_.data() + value_.size()) {
                return sheet::append_moment(block_.text, serial, shown, context_.epoch);
            }
        }
        sheet::append_number(block_.text, std::string_view{value_});
    }

    /// ISO 8601 already; a date with the midnight that comes with it is a date.
    void append_date() {
        std::string_view text = value_;
        const auto shown = style_ < context_.styles.size() ? context_.styles[style_] : sheet::Shown::date;
        if (text.ends_with('Z')) text.remove_suffix(1);
        if (shown == sheet::Shown::date && text.size() > 10 && text.substr(10).starts_with("T00:00:00")) text = text.substr(0, 10);
        block_.text += text;
    }

    void end_row() {
        if (block_.cells.size() == first_) return;
        const auto begin = block_.cells.begin() + static_cast<std::ptrdiff_t>(first_);
        if (!sorted_) {
            std::stable_sort(begin, block_.cells.end(), [](const auto& a, const auto& b) { return a.column < b.column; });
            // Of two cells in one place the later one counts.
            const auto kept = std::unique(block_.cells.rbegin(), std::make_reverse_iterator(begin),
                                          [](const auto& a, const auto& b) { return a.column == b.column; });
            block_.cells.erase(begin, kept.base());
        }
        block_.rows.push_back({row_, first_});
        first_ = block_.cells.size();
    }

    const Context& context_;
    sheet::RowBlock& block_;
    bool in_data_ = false;
    bool in_cell_ = false;
    bool in_text_ = false;
    bool sorted_ = true;
    int inline_ = 0;
    int phonetic_ = 0;
    std::uint64_t row_ = 0;
    std::uint32_t column_ = 0;  ///< from 1, of the cell before
    std::size_t first_ = 0;     ///< of the cells of this row
    Type type_ = Type::number;
    std::uint32_t style_ = 0;
    std::string value_;
};

class Rows final : public sheet::RowSource {
public:
    Rows(sheet::ByteStream& bytes, const Context& context) : bytes_{bytes}, handler_{context, building_}, xml_{bytes, handler_} {}

    bool read(sheet::RowBlock& block) override {
        block.clear();
        while (building_.rows.empty()) {
            if (!xml_.step()) return false;
        }
        hand_over(block);
        return true;
    }
    double progress() const override { return bytes_.progress(); }

private:
    /// Gives the complete rows away and keeps the cells of the one that is being read.
    void hand_over(sheet::RowBlock& block) {
        std::swap(block, building_);
        handler_.keep_open_row(block);
    }

    sheet::ByteStream& bytes_;
    sheet::RowBlock building_;
    SheetHandler handler_;
    sheet::XmlReader xml_;
};

}  // namespace

std::unique_ptr<sheet::RowSource> read_rows(sheet::ByteStream& bytes, const Context& context) {
    return std::make_unique<Rows>(bytes, context);
}

}  // namespace millrace::formats::xlsx
