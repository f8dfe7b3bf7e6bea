#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "formats/writer.hpp"
#include "transform/program.hpp"
#include "transform/spec.hpp"

namespace millrace::transform {

/// A column of the result, made ready.
struct Field {
    std::string target;
    OnError on_error = OnError::reject_row;
    Program::Node node = 0;
    std::optional<Program::Node> other;  ///< what stands there in place of an error: keep, default_value
    formats::WriteColumn column;
};

/// Makes fields ready within a program; issues have the pointer "/fields/N...".
std::vector<Field> bind_fields(const std::vector<FieldSpec>& specs, Program& program, std::vector<Issue>& issues);

/// Runs `act`; a fault of the expression becomes an issue with its caret.
template <class Act>
void noting(std::vector<Issue>& issues, const std::string& pointer, const std::string& text, Act act) {
    try {
        act();
    } catch (const ExpressionFault& fault) {
        issues.push_back({pointer, "expression", text.empty() ? fault.why : explain(text, fault)});
    }
}

/// Reads an expression; nothing, and an issue, when it cannot be read.
std::optional<Expr> read_expression(const std::string& text, const std::string& pointer, std::vector<Issue>& issues);

/// As a writer knows it; nothing when a decimal has too many digits after the point.
std::optional<formats::DataType> data_type_of(const Type& type);
/// Appends the kept rows, as the column's type says. Texts where a text is needed.
void append_rows(const Vector& from, std::span<const std::uint8_t> kept, formats::Column& to);

}  // namespace millrace::transform
