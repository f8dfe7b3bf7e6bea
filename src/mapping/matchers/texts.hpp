#pragma once

#include "mapping/matchers/matcher.hpp"

namespace millrace::mapping {

const Matcher& texts_matcher();

}  // namespace millrace::mapping
