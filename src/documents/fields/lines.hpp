#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::documents {
struct Extraction;
}

/// The text of a document as rules look at it.
namespace millrace::documents::fields {

// Signs of money that are no ASCII, in the plain text of a line.
constexpr char euro = '\x01', pound = '\x02', rupee = '\x03', yen = '\x04', unknown = '\x1a';

/// What a label says of the values near it.
enum class Kind : std::uint8_t {
    total, grand, amount, included, excluded, subtotal, tax, paid, cash, change, trap,  // of amounts
    issued, dated, ordered, due, other_date,                                    // of dates
    invoice_number, other_number, vat, bic, customer,
};

struct Label {
    Kind kind;
    int start = 0, end = 0;  ///< columns
};

struct Span {
    int start = 0, end = 0;  ///< columns
};

/// A line with one byte for each character, so that a column is an index: accents are taken off, dashes and spaces are
/// those of ASCII, and letters that a reader of pictures took for digits between digits are digits again.
struct Line {
    std::uint32_t page = 0;
    std::string plain;                    ///< with its capitals
    std::string folded;                   ///< without
    std::vector<std::uint32_t> offsets;   ///< in the page, of each column and of the end
    std::vector<Label> labels;
};

std::vector<Line> lines_of(const Extraction& document);

/// The labels that a value of a line belongs to. `values` has, for each line, where values of this sort stand.
struct Governed {
    std::vector<Kind> kinds;
    double weight = 0;  ///< 1 in its own line; less where the label stands above

    bool has(Kind kind) const;
};
/// `reach`: how many columns may lie between labels that are one.
Governed govern(const std::vector<Line>& lines, const std::vector<std::vector<Span>>& values, std::size_t line, Span value, int reach);

/// Finds the labels of a line.
void find_labels(Line& line);

bool is_digit(char c);
bool is_letter(char c);
inline bool is_word(char c) { return is_digit(c) || is_letter(c); }
bool within_one_edit(std::string_view a, std::string_view b);

}  // namespace millrace::documents::fields
