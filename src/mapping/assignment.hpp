#pragma once

#include <cstddef>
#include <vector>

#include "mapping/matchers/matcher.hpp"

namespace millrace::mapping {

/// For each row the column it is given, or -1: each column at most once, the sum of the values greatest; pairs of value
/// at most 0 are never given. Kuhn's method with potentials, O(n^2 m) for n the smaller side.
std::vector<int> assign(const Matrix& values);

}  // namespace millrace::mapping
