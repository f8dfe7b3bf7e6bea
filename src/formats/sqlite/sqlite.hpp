#pragma once

#include "formats/format.hpp"

namespace millrace::formats::sqlite {

/// Database files of SQLite 3: each table is a table, in the order in which they were made. Reads are by SQLite itself, with
/// nothing of the schema trusted, so this runs in a child process, see formats/sandbox.
const Format& format();

}  // namespace millrace::formats::sqlite
