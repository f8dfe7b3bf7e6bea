#pragma once

#include "mapping/matchers/matcher.hpp"

namespace millrace::mapping {

const Matcher& kinds_matcher();

}  // namespace millrace::mapping
