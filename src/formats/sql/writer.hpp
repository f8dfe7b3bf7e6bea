#pragma once

#include <set>
#include <string>

#include "formats/writer.hpp"

namespace millrace::formats::sql {

/// CREATE TABLE and the rows, in one transaction, for PostgreSQL. Style insert: INSERTs of 500 rows, which SQLite takes as
/// well; copy: COPY ... FROM stdin, for psql. Text cannot hold NUL there: it becomes U+FFFD and is counted.
/// Throws Error{too_many_columns} above 1,600.
const OutputFormat& output();

/// "name" in quotes, as SQL wants it.
std::string quoted_name(std::string_view name);

/// The text as a name: valid UTF-8 without NUL, at most `bytes_max`, and different, also without regard to case, from all
/// in `taken`, to which it is added.
std::string usable_name(std::string_view text, std::size_t bytes_max, std::set<std::string>& taken);

}  // namespace millrace::formats::sql
