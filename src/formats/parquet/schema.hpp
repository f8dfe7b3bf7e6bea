#pragma once

#include <vector>

#include "formats/parquet/decode.hpp"
#include "formats/parquet/reader.hpp"

namespace millrace::formats::parquet {

/// The tree of a schema, without its root; its leaves, with their levels, are appended to `leaves`. Throws
/// Error{malformed_file | unsupported_format}.
std::vector<Node> read_schema(const std::vector<SchemaElement>& elements, std::vector<Leaf>& leaves);

}  // namespace millrace::formats::parquet
