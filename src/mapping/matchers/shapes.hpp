#pragma once

#include "mapping/matchers/matcher.hpp"

namespace millrace::mapping {

const Matcher& shapes_matcher();

}  // namespace millrace::mapping
