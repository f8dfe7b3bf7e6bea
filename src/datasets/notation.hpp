#pragma once

#include <boost/describe/enum.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/format.hpp"
#include "formats/types.hpp"

namespace millrace::datasets {

/// How the values of a column are written. A typed value is always rendered in the notation of its column; a cell that
/// stood there in another notation keeps its text beside the value, so nothing is lost and rendering stays one way.
struct Notation {
    enum class Number : std::uint8_t {
        fixed,       ///< decimal: exactly `digits` after the point, e.g. "1.50"
        trimmed,     ///< decimal: as many digits as are needed, e.g. "1.5", "3"
        scientific,  ///< float64: one digit, point, `digits` digits, exponent of at least two digits, e.g. "1.50e+03"
        shortest,    ///< float64: the fewest digits that read back as the same number, e.g. "0.1", "5", "1e-07"
        repr,        ///< the same, whole numbers with ".0": "5.0"
    };
    enum class Letters : std::uint8_t { lower, capital, upper };  ///< boolean: true, True, TRUE; exponent: e or E
    enum class Order : std::uint8_t { ymd, dmy, mdy };

    Number number = Number::fixed;
    Letters letters = Letters::lower;
    Order order = Order::ymd;
    char date_mark = '-';       ///< between the parts of a date
    bool padded = true;         ///< days and months of two digits
    char time_mark = 'T';       ///< between date and time
    bool seconds = true;        ///< "12:30:00"; false: "12:30"
    std::uint8_t digits = 0;    ///< after the point: of a number, of a second
    bool zulu = true;           ///< timestamp in UTC: "Z"; false: as an offset
    std::int16_t offset = 0;    ///< minutes east of UTC in which instants are shown when not `zulu`

    bool operator==(const Notation&) const = default;
};

/// The notation as a pattern, e.g. "0.00", "0.##", "0.000000e+00", "True", "dd/MM/yyyy", "yyyy-MM-ddTHH:mm:ssZ".
/// Empty for text and whole numbers.
std::string to_pattern(const formats::DataType& type, const Notation& notation);
/// The notation of a pattern written by `to_pattern`; nothing for any other text.
std::optional<Notation> from_pattern(const formats::DataType& type, std::string_view pattern);

/// What reading a cell gave.
enum class Parsed : std::uint8_t {
    no,       ///< not a value of the type
    exact,    ///< the value, and rendering it gives the same text
    other,    ///< the value, but rendering gives another text
};

/// Reads `text` as a value of a type that keeps its values in Column::ints (all but text and float64).
Parsed parse(std::string_view text, const formats::DataType& type, const Notation& notation, std::int64_t& value);
/// Reads `text` as float64.
Parsed parse_float(std::string_view text, const Notation& notation, double& value);

/// What stands in a cell of a column that is not text.
enum class CellState : std::uint8_t {
    null,        ///< nothing, unquoted
    exact,       ///< a value that renders to the same text
    other,       ///< a value that renders to another text
    empty_text,  ///< "" in quotes: a null whose text is kept
};

/// Cells of one column of a batch.
struct CellRun {
    const formats::Cell* first = nullptr;
    std::size_t stride = 0;  ///< cells from one to the next
    std::size_t count = 0;

    const formats::Cell& operator[](std::size_t i) const { return first[i * stride]; }
};

/// What parsing a run gave: how many cells were read before the first that is no value, and how many of them need
/// a second look (`other` or `empty_text`).
struct RunResult {
    std::size_t read = 0;
    std::size_t noted = 0;
};

/// Reads cells until one is not a value of the type. `values` and `states` have room for the run.
RunResult parse_run(const CellRun& cells, const formats::DataType& type, const Notation& notation, std::int64_t* values,
                    CellState* states);
RunResult parse_run(const CellRun& cells, const Notation& notation, double* values, CellState* states);

/// Appends the value in the notation; the text of `parse` when that said `exact`.
void render(std::int64_t value, const formats::DataType& type, const Notation& notation, std::string& out);
void render_float(double value, const Notation& notation, std::string& out);
/// Appends the value of a row (not a null) of any type.
void render(const formats::Column& column, std::size_t row, const Notation& notation, std::string& out);

}  // namespace millrace::datasets
