#pragma once

#include "api/table.hpp"

namespace millrace::api {

/// /healthz, /readyz, /metrics, /openapi.json and the state of the system.
void add_system(Table& table);

}  // namespace millrace::api
