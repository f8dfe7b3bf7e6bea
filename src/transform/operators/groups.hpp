#pragma once

#include <span>

#include "transform/operator.hpp"

namespace millrace::transform {

std::span<const Operator> text_operators();
std::span<const Operator> number_operators();
std::span<const Operator> date_operators();
std::span<const Operator> logic_operators();
std::span<const Operator> choice_operators();
std::span<const Operator> list_operators();
std::span<const Operator> code_operators();

}  // namespace millrace::transform
