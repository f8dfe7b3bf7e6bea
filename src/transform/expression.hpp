#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

/// The language of expressions: `round(qty * price * (1 - coalesce(disc, 0) / 100), 2)`.
namespace millrace::transform {

/// What stands in an expression, as it was read. Positions are bytes from its start.
struct Expr {
    enum class Form : std::uint8_t { null, boolean, number, text, list, map, column, call };
    Form form = Form::null;
    std::uint32_t begin = 0, end = 0;
    std::string text;                ///< text; digits of a number; name of a column or operator; "true", "false"
    std::vector<Expr> args;          ///< of a call, list or map (its values)
    std::vector<std::string> names;  ///< of arguments given by name, empty for others; keys of a map
};

/// What is wrong, and where.
struct ExpressionFault {
    std::uint32_t begin = 0, end = 0;
    std::string why;
};

/// At most 64 KiB, nested at most 200 deep.
std::expected<Expr, ExpressionFault> parse_expression(std::string_view text);

/// The same expression in the one way of writing it; reads back as it is.
std::string to_string(const Expr& expr);

/// "column 7: there is no operator \"trimm\"" with the line and a caret below.
std::string explain(std::string_view text, const ExpressionFault& fault);

/// Makes expressions without a text, for steps.
Expr call(std::string name, std::vector<Expr> args);
Expr column(std::string name);
/// A JSON value as it would be written in an expression. Numbers keep the digits they have in JSON's shortest form.
Expr literal(const json::value& value);

}  // namespace millrace::transform
