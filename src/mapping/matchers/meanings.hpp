#pragma once

#include "mapping/matchers/matcher.hpp"

namespace millrace::mapping {

const Matcher& meanings_matcher();

}  // namespace millrace::mapping
