#include "app/version.hpp"

namespace millrace::app {

std::string_view version() { return MILLRACE_VERSION; }

}  // namespace millrace::app
