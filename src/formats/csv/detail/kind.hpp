#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::formats::csv {

/// What a cell looks like; coarse, only for deciding about the layout of a file. Types of columns are decided later,
/// by others, over all rows.
enum class Kind : std::uint8_t {
    empty,
    integer,
    decimal,
    percent,
    money,
    date,
    time,
    timestamp,
    boolean,
    url,
    email,
    code,    ///< one word with digits in it: AB-1234
    word,    ///< one word of letters
    text,    ///< several words
    odd,     ///< mostly punctuation, or quotes left over: the mark of a wrong dialect
    count_,
};
constexpr std::size_t kind_count = static_cast<std::size_t>(Kind::count_);

Kind kind_of(std::string_view cell);

constexpr bool is_number(Kind k) { return k >= Kind::integer && k <= Kind::money; }
constexpr bool is_temporal(Kind k) { return k >= Kind::date && k <= Kind::timestamp; }
constexpr bool is_typed(Kind k) { return k >= Kind::integer && k <= Kind::email; }
/// A kind that a heading seldom has; "No" is one of its words.
constexpr bool is_value(Kind k) { return is_typed(k) && k != Kind::boolean; }

/// The form of a cell: digits as 9, letters as A or a, the rest as it is. `exact` keeps lengths ("AA-999"), else runs
/// collapse ("A-9").
std::string shape_of(std::string_view cell, bool exact);

std::string_view trim(std::string_view text);

}  // namespace millrace::formats::csv
