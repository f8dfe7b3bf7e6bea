#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace millrace::transform {

BOOST_DEFINE_ENUM_CLASS(Severity, error, warning, info)

/// How a cell might be put right.
struct Fix {
    std::string op;     ///< operator that does it, or "replace"
    std::string value;  ///< what would stand there then
};
BOOST_DESCRIBE_STRUCT(Fix, (), (op, value))

/// Something wrong with a cell, a row (no column) or the whole table (row 0), or a line that is no row.
struct Problem {
    std::uint64_t row = 0;   ///< among the rows of the source, from 1
    std::optional<std::uint64_t> line;  ///< of the file, for what did not even become a row
    std::string column;
    std::string rule;        ///< id of a validation rule; empty for a value that could not be made
    std::string code;        ///< stable word
    Severity severity = Severity::error;
    std::string value;       ///< what stood there, cut at 200 bytes
    std::string message;     ///< for people
    std::optional<Fix> fix;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (row, line, column, rule, code, severity, value, message, fix))

using OnProblem = std::function<void(const Problem&)>;

/// The part of a text that is shown: at most 200 bytes, no half character.
std::string shown(std::string_view text);

}  // namespace millrace::transform
