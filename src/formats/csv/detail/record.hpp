#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/arena.hpp"
#include "formats/csv/dialect.hpp"
#include "formats/format.hpp"

namespace millrace::formats::csv {

/// One record as the careful parser sees it. Positions are relative to the text it was given.
struct Record {
    std::size_t begin = 0;
    std::size_t end = 0;          ///< behind its line end
    std::size_t content_end = 0;  ///< before its line end
    std::uint32_t lines = 1;      ///< physical lines it spans
    bool irregular = false;       ///< a quote stood where the dialect has none, or text followed a closing quote
    bool broken = false;          ///< irregular in or behind a quoted cell, not just a quote inside an unquoted one
    bool unclosed = false;        ///< a quoted cell had no end; it was read as text instead
    std::vector<Cell> cells;

    std::string_view raw(std::string_view text) const { return text.substr(begin, content_end - begin); }
};

/// How quotes are read when they do not close on their own line.
enum class Quotes {
    multiline,  ///< a quoted cell may hold line ends
    line,       ///< a record is one physical line; a quote that does not close on it is text
};

enum class Parsed { record, need_more, nothing };

/// Reads the record at `at`. Never refuses text: what the dialect does not allow is taken literally and flagged.
/// `complete` says that nothing follows `text`; without it the answer may be need_more. Linear in the record, except
/// that an unclosed quote makes it read twice.
Parsed parse_record(std::string_view text, std::size_t at, bool complete, const Dialect& dialect, Quotes quotes,
                    Arena& arena, Record& out);

/// Splits one line (without line end) under `dialect`; line ends inside are text. Used by repairs. `literal_quote` is
/// the position of one quote that is to be read as text, or npos.
void split_line(std::string_view line, const Dialect& dialect, Arena& arena, Record& out,
                std::size_t literal_quote = std::string_view::npos);

/// Reads the record at `at` of a table whose rows have `width` cells: a quoted cell over several lines stands only when
/// it makes a row of that width, else its first line is a record and the quote is text.
Parsed parse_in_table(std::string_view text, std::size_t at, bool complete, const Dialect& dialect, std::size_t width,
                      Arena& arena, Record& out);

/// Nothing but white space.
bool is_blank(std::string_view raw);

}  // namespace millrace::formats::csv
