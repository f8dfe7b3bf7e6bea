#pragma once

#include "api/table.hpp"

namespace millrace::api {

/// A form whose part "file" becomes a stored file of the caller, without a job; then `then` answers. Throws
/// Error{payload_too_large} for a body that is announced to be larger than an upload may be.
http::Begun store_form_file(Call& call, std::function<http::Answer(const intake::File& file)> then);

/// Adds the routes of stored files below `base` ("/api/v1/files" or "/api/v2/files"), the same for both versions.
void add_file_routes(Table& table, const std::string& base, const std::string& operation_suffix);

}  // namespace millrace::api
