#pragma once

#include "mapping/matchers/matcher.hpp"

namespace millrace::mapping {

const Matcher& values_matcher();

}  // namespace millrace::mapping
