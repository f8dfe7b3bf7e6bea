#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/describe/enum.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/uuid.hpp"

/// The one filter grammar of API, CLI, bulk actions, webhooks and dashboard:
///
///     state:failed kind:import created_at:>2026-01-01 progress:>=50 error_message:~timeout -state:completed "free text"
///
/// All terms must hold. A field whose name has other characters than letters, digits, _ and . stands in quotes ("unit price":>5).
/// `field:a,b` is any of the values, `-` in front negates the term, quotes ("a \"b\"") keep blanks
/// and signs in a value. Operators after the colon: = (or none), >, >=, <, <= for numbers and times, ~ for "contains"
/// (ASCII letters match without case) in texts. A day stands for all of it: `created_at:2026-01-01` is that day,
/// `>2026-01-01` after its end, `<=2026-01-01` until its end; days and times are UTC unless an offset is given.
namespace millrace::query {

BOOST_DEFINE_ENUM_CLASS(Type, text, word, number, time, uuid)

/// What may be asked of one kind of thing. The table is a constant of the module that owns the thing.
struct Field {
    std::string_view name;
    Type type = Type::text;
    bool sortable = false;
    std::span<const std::string_view> words = {};  ///< for Type::word: the values there are; empty = any
};

BOOST_DEFINE_ENUM_CLASS(Operator, equal, less, less_equal, greater, greater_equal, contains)

using Value = std::variant<std::string, double, Instant, Uuid>;

/// One condition on a field whose type has been checked: text and word hold std::string, number double, time Instant,
/// uuid Uuid. `equal` has one or more values (any of them), the others exactly one. A term never holds for a row in
/// which the field is null; negated it does.
struct Term {
    std::string field;
    Operator op = Operator::equal;
    std::vector<Value> values;
    bool negated = false;
    /// For a time that was given as a day: `equal` means from values[i] up to, not including, values[i] + span.
    Duration span{};
    std::size_t position = 0;  ///< in the text it came from, bytes

    bool operator==(const Term&) const = default;
};

/// Words that may stand anywhere in what the thing's module calls its text; `contains` over those fields.
struct FreeText {
    std::string text;
    bool negated = false;

    bool operator==(const FreeText&) const = default;
};

/// A checked filter, a plain value: storage compiles it to SQL with parameters. Everything in it must hold.
struct Filter {
    std::vector<Term> terms;
    std::vector<FreeText> texts;

    bool empty() const { return terms.empty() && texts.empty(); }
    bool operator==(const Filter&) const = default;
};

struct SortKey {
    std::string field;
    bool descending = false;

    bool operator==(const SortKey&) const = default;
};

/// In order of weight; empty means the natural order of the list. Storage adds the id as the last key.
struct Sort {
    std::vector<SortKey> keys;

    bool empty() const { return keys.empty(); }
    bool operator==(const Sort&) const = default;
};

inline constexpr std::size_t filter_bytes_max = 4096;
inline constexpr std::size_t filter_terms_max = 64;
inline constexpr std::size_t term_values_max = 200;
inline constexpr std::size_t sort_keys_max = 4;

/// Reads a filter. Throws Error{invalid_parameter} whose issues name every problem with the place in the text
/// (characters, from 1) and, for an unknown field or word, the one that was probably meant.
Filter parse_filter(std::string_view text, std::span<const Field> fields);

/// The text of a filter; parse_filter gives the same filter again.
std::string to_string(const Filter& filter);

/// Reads "-created_at,kind": a minus sorts downwards; a name may stand in quotes. Throws Error{invalid_parameter}.
Sort parse_sort(std::string_view text, std::span<const Field> fields);
std::string to_string(const Sort& sort);

/// Reads "a,\"b, c\"" as names, which may stand in quotes.
std::vector<std::string> parse_names(std::string_view text);

/// Says of a thing in memory whether the filter holds, as SQL would: for live topics and webhooks, and as the reference
/// in the tests of storage. `value_of` answers the field's value, nothing for null; `text` is searched for free text.
bool matches(const Filter& filter, const std::function<std::optional<Value>(std::string_view field)>& value_of,
             std::string_view text);

/// What stands in a cursor: the sort values of the last row and its id.
using CursorValue = std::variant<std::monostate, std::string, std::int64_t, double, Instant, Uuid>;

/// An opaque base64url text for the place after a row. `list` names what is listed and how ("jobs|-created_at"): a
/// cursor is good for that list only. It holds no right: every page is read within the scope of its caller.
std::string encode_cursor(std::string_view list, std::span<const CursorValue> values);

/// The values of a cursor. Throws Error{invalid_parameter} for one that was changed, cut, or made for another list.
std::vector<CursorValue> decode_cursor(std::string_view list, std::string_view cursor);

}  // namespace millrace::query
