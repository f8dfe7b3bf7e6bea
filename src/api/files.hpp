#pragma once

#include "api/table.hpp"

namespace millrace::api {

/// Adds the routes of stored files below `base` ("/api/v1/files" or "/api/v2/files"), the same for both versions.
void add_file_routes(Table& table, const std::string& base, const std::string& operation_suffix);

}  // namespace millrace::api
