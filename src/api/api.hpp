#pragma once

#include "api/table.hpp"

namespace millrace::api {

/// Every route of the product; fills services.openapi.
http::Router router(Services& services);


}  // namespace millrace::api
