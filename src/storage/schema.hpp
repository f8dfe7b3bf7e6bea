#pragma once

#include <string>
#include <vector>

namespace millrace::storage {

/// How far the schema of a database is.
struct Schema {
    int version = 0;  ///< of the database; 0 when it holds nothing yet
    int known = 0;    ///< the newest of this program
    std::vector<std::string> pending;  ///< names of the migrations that opening it would apply, in order
};

/// Looks, changes nothing, and does not mind a server that runs. Throws Error{schema_newer}, Error{schema_changed},
/// Error{database_unavailable}.
Schema inspect_sqlite(const std::string& directory);
Schema inspect_postgres(const std::string& url);

}  // namespace millrace::storage
