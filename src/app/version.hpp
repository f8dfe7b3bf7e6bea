#pragma once

#include <string_view>

namespace millrace::app {

/// The release, e.g. "0.1.0".
std::string_view version();

}  // namespace millrace::app
