#pragma once

#include "api/table.hpp"

namespace millrace::api {

/// Adds the routes of templates below `base` ("/api/v1/templates" or "/api/v2/templates"), the same for both versions.
void add_template_routes(Table& table, const std::string& base, const std::string& operation_suffix, Unknown unknown);

}  // namespace millrace::api
