#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/detail/render.hpp"
#include "formats/writer.hpp"

namespace millrace::formats {

/// The texts of one `Rows` as valid UTF-8, for formats that allow nothing else. What is replaced is counted.
class Utf8Texts {
public:
    explicit Utf8Texts(WriteReport& report) : report_{report} {}

    /// To be called for each `Rows` before `text`.
    void look_at(const Rows& rows) {
        valid_.clear();
        for (const auto* column : rows.columns) valid_.push_back(!column->type.is_text() || is_valid_utf8(*column, rows.begin, rows.end));
    }
    bool is_valid(std::size_t column) const { return valid_[column]; }
    /// The text of a cell of column number `index`; good until the next call.
    std::string_view text(const Column& column, std::size_t index, std::size_t row) {
        const auto text = column.text(row);
        if (valid_[index]) return text;
        auto fixed = with_valid_utf8(text);
        if (fixed == text) return text;
        ++report_.altered["invalid_utf8_replaced"];
        scratch_ = std::move(fixed);
        return scratch_;
    }

private:
    WriteReport& report_;
    std::vector<bool> valid_;
    std::string scratch_;
};

/// Would a spreadsheet take this text for a formula (or has it an apostrophe in front of such a text already, which has
/// to be told apart)? Plain numbers such as -1 and +31 20 are not.
/// Source: OWASP, "CSV Injection"; CWE-1236.
bool is_formula(std::string_view text);

}  // namespace millrace::formats
