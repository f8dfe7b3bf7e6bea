#pragma once

#include "mapping/ops.hpp"
#include "transform/spec.hpp"

namespace millrace::api {

/// What a person accepts who keeps this spec: columns that become a field by themselves, each once, at most 1,000.
std::vector<mapping::Choice> choices_of(const transform::Spec& spec);

}  // namespace millrace::api
