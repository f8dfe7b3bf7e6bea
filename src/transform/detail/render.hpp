#pragma once

#include <string>

#include "transform/value.hpp"

namespace millrace::transform {

/// Appends a value (not a null) as text: exact digits, ISO 8601; a decimal with all digits of its scale.
void append_value(std::string& out, const Vector& vector, std::size_t row);
std::string text_of(const Vector& vector, std::size_t row);

/// "P1DT2H", by ISO 8601.
void append_duration(std::string& out, std::int64_t micros);

}  // namespace millrace::transform
