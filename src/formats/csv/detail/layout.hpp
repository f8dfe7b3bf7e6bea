#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv/detail/column_model.hpp"
#include "formats/csv/detail/record.hpp"

namespace millrace::formats::csv {

/// What stands where a table stops being regular.
enum class Break { none, other_table, footnotes };

/// Where the first table of a file stands and what it looks like, from the start of the text.
struct Layout {
    std::size_t width = 1;           ///< cells per record
    std::size_t columns = 1;         ///< of the table; less than width when the last ones only pad for another table
    bool ragged = false;             ///< rows lack the empty cells at their end
    bool has_header = false;
    std::vector<std::string> names;  ///< `columns` of them; empty without a header
    std::uint64_t preamble_rows = 0;
    std::uint64_t header_rows = 0;
    std::uint64_t blank_rows = 0;    ///< before the first row
    std::size_t body = 0;            ///< position of the first row
    std::optional<std::size_t> end;  ///< position where the table ends, when that is known
    Break behind = Break::none;      ///< what follows `end`
    std::optional<std::string> header_repair;  ///< what was done to the heading
    double header_confidence = 1;
    ColumnModels models;
};

struct LayoutGiven {
    std::optional<bool> header;
    std::optional<std::size_t> header_rows;
    std::optional<std::size_t> skip;  ///< records before the heading
};

/// Reads the start of a text, at most 1 MiB of it. `complete`: nothing follows `text`.
Layout find_layout(std::string_view text, bool complete, const Dialect& dialect, const LayoutGiven& given);

struct Judgement {
    Break what = Break::none;
    std::size_t until = 0;  ///< up to here the answer is the same for every record
};

/// Judges the record at `at`, which is blank or has another width than the table, by what follows it in `text`.
Judgement judge_break(std::string_view text, std::size_t at, bool complete, const Dialect& dialect, const Layout& layout);

}  // namespace millrace::formats::csv
