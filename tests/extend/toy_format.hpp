#pragma once

#include "formats/format.hpp"

namespace millrace::formats::toy {

/// "TOY1", then one row a line, cells separated by a bar.
const Format& format();

}  // namespace millrace::formats::toy
