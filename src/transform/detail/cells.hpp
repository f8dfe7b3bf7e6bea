#pragma once

#include <string>
#include <vector>

#include "transform/operator.hpp"

namespace millrace::transform {

/// Copies the cell, with its state, from a vector of the same type.
void copy_cell(Call& call, std::size_t row, const Vector& from, std::size_t from_row);
inline void copy_cell(Call& call, std::size_t row, const Vector& from) { copy_cell(call, row, from, row); }

/// -1, 0 or 1 for two values of the same type; texts by their bytes.
int compare_cells(const Vector& a, std::size_t a_row, const Vector& b, std::size_t b_row);

/// The texts of a list, which is JSON.
std::vector<std::string> list_items(std::string_view list);
std::string list_text(const std::vector<std::string>& items);

}  // namespace millrace::transform
