#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transform/problem.hpp"
#include "transform/rows.hpp"
#include "transform/spec.hpp"

namespace millrace::transform {

/// A spec made of what others know: a Frictionless Table Schema, a JSON Schema of an object, or the history of operations that
/// OpenRefine extracts. `columns` are those of the table it is for, where they are known; a history needs them. Throws Error{invalid_json |
/// invalid_fields}, also for what has no counterpart here.
Spec import_spec(std::string_view text, const std::vector<std::string>& columns = {});

/// Every column as it stands; for validation alone.
Spec copy_spec(const std::vector<SourceColumn>& columns);

/// Without what is absent.
json::value compacted_problem(const Problem& problem);

}  // namespace millrace::transform
