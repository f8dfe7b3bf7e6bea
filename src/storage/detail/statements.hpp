#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/embedded.hpp"

namespace millrace::storage::detail {

/// Every statement there is. The text stands in sqlite/queries and postgres/queries under the name with a point
/// ("jobs.claim"), with the same parameters and the same result columns in both.
enum class Statement {
#define X(group, name) group##_##name,
#include "storage/detail/statements.inc"
#undef X
};

inline constexpr std::size_t statement_count = 0
#define X(group, name) +1
#include "storage/detail/statements.inc"
#undef X
    ;

std::string_view to_string(Statement statement);

/// The rows that a statement takes many of at once, as one array: PostgreSQL only.
struct RowType {
    std::string name;                                         ///< holds a hash of the fields
    std::vector<std::pair<std::string, std::string>> fields;  ///< name and type
};

/// The texts of one backend.
struct Statements {
    std::array<std::string, statement_count> texts;
    std::array<RowType, statement_count> rows;  ///< without fields where a statement takes parameters of its own

    const std::string& operator[](std::size_t i) const { return texts[i]; }
    auto begin() const { return texts.begin(); }
    auto end() const { return texts.end(); }
};

/// Reads `-- name: group.name` blocks of the files. `-- define: word` blocks hold a text that `{word}` stands for,
/// e.g. a list of columns. A line `-- rows: id uuid, kind text` makes the statement take an array of such rows as $1, whose
/// type is `{rows}`: a call gives one row, and calls in a row are one execution. Throws std::logic_error when a statement is missing, stands twice or is not in
/// statements.inc: a program whose SQL does not fit does not start.
Statements read_statements(std::span<const Embedded> files);

}  // namespace millrace::storage::detail
