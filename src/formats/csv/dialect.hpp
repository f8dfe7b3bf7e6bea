#pragma once

#include <boost/describe/enum.hpp>

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace millrace::formats::csv {

/// How a quote inside a quoted cell is written: twice, after a backslash, or just so.
BOOST_DEFINE_ENUM_CLASS(Escape, doubled, backslash, none)

/// How lines are cut into cells.
struct Dialect {
    std::string delimiter = ",";  ///< one byte, or several such as ", "
    char quote = '"';             ///< 0: no quoting
    Escape escape = Escape::doubled;
    bool skip_space = false;      ///< spaces between a delimiter and a quote are not part of the cell
    bool quoted_lines = false;    ///< every line is quoted as a whole, its own quotes doubled

    bool operator==(const Dialect&) const = default;
    /// One-byte delimiter, quote doubled inside quotes: what the block-wise tokenizer reads.
    bool is_plain() const {
        return delimiter.size() == 1 && !skip_space && !quoted_lines && (quote == 0 || escape == Escape::doubled) && delimiter[0] != quote;
    }
};

/// For people and for the dialect of a ReadReport: {"delimiter": ",", "quote": "\"", "escape": "doubled", ...}.
json::object to_json_object(const Dialect& dialect);

}  // namespace millrace::formats::csv
