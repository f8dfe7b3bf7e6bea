#pragma once

#include "formats/format.hpp"

namespace millrace::formats::json_files {

/// A JSON document: an array of any size, an object that holds arrays of objects (each is a table, the largest one the
/// main one), or a single object. Also several objects one after the other.
///
/// `ReadOptions::dialect` may fix:
///   "flatten"   false keeps nested objects as JSON text
///   "encoding"  as for delimited text; without it UTF-8, or UTF-16 when the first bytes say so
///
/// `open` reads the source once to learn the keys and throws Error{malformed_file} with "line" and "offset" when it is
/// not JSON, Error{line_too_long | too_many_columns}, Error{invalid_parameter} for a table that is not there.
const Format& format();

/// JSON documents, one a line. A line that is not valid is a Reject; `open` throws like the other one, without
/// malformed_file.
const Format& ndjson_format();

}  // namespace millrace::formats::json_files
