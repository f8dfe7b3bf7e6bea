#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

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

/// The texts of one backend.
using Statements = std::array<std::string, statement_count>;

/// Reads `-- name: group.name` blocks of the files. `-- define: word` blocks hold a text that `{word}` stands for,
/// e.g. a list of columns. Throws std::logic_error when a statement is missing, stands twice or is not in
/// statements.inc: a program whose SQL does not fit does not start.
Statements read_statements(std::span<const Embedded> files);

}  // namespace millrace::storage::detail
