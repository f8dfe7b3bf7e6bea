#pragma once

#include <expected>

#include "base/error.hpp"

namespace millrace {

/// What may be refused: a value, or the error that says why.
template <class T>
using Result = std::expected<T, Error>;

}  // namespace millrace
