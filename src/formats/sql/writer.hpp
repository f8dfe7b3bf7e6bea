#pragma once

#include "formats/writer.hpp"

namespace millrace::formats::sql {

/// CREATE TABLE and the rows, in one transaction, for PostgreSQL. Style insert: INSERTs of 500 rows, which SQLite takes as
/// well; copy: COPY ... FROM stdin, for psql. Text cannot hold NUL there: it becomes U+FFFD and is counted.
/// Throws Error{too_many_columns} above 1,600.
const OutputFormat& output();

/// "name" in quotes, as SQL wants it.
std::string quoted_name(std::string_view name);

}  // namespace millrace::formats::sql
