#pragma once

#include "api/table.hpp"

namespace millrace::api {

/// OpenAPI 3.1 of the table: paths, parameters, bodies and replies as the handlers bind them.
json::value openapi(const Table& table, std::string_view version);

}  // namespace millrace::api
