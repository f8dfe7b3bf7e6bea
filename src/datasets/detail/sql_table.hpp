#pragma once

#include <sqlite3.h>

#include <exception>
#include <functional>

#include "datasets/sql.hpp"

namespace millrace::datasets {

/// A table as SQLite sees it, and what went wrong while it was read: C++ errors do not pass through C.
struct SqlTableContext {
    std::unique_ptr<SqlTable> table;
    std::exception_ptr failure;
    std::function<bool()> stopped;  ///< the query has to end
    bool* declaring = nullptr;      ///< true while the table says its columns, which the authorizer has to let pass
};

/// Makes the table known under `name`; it lives as long as the connection. `context` must outlive that.
void add_table(sqlite3* db, const std::string& name, SqlTableContext& context);

}  // namespace millrace::datasets
