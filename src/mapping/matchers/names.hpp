#pragma once

#include "mapping/matchers/matcher.hpp"

namespace millrace::mapping {

const Matcher& names_matcher();

}  // namespace millrace::mapping
