#pragma once

#include <string>
#include <vector>

#include "app/settings.hpp"
#include "observe/log.hpp"
#include "storage/schema.hpp"

/// What an operator does around a server that does not run, or asks about one that does.
namespace millrace::app {

BOOST_DEFINE_ENUM_CLASS(Verdict, ok, warn, fail)

/// One thing that was looked at.
struct Finding {
    std::string check;    ///< "space", "database", ...
    Verdict verdict = Verdict::ok;
    std::string found;    ///< what is so
    std::string advice;   ///< what to do; empty when all is well
};
BOOST_DESCRIBE_STRUCT(Finding, (), (check, verdict, found, advice))

/// Looks at everything that a server with these settings needs on this machine. Leaves nothing behind and throws
/// nothing: what cannot be found out is a finding.
std::vector<Finding> examine(const Settings& settings);

/// How far the schema of the database is. Throws as storage::inspect_sqlite.
storage::Schema schema(const Settings& settings);

/// Brings the database to the schema of this program, as the start of a server does.
/// Throws Error{data_dir_locked | schema_newer | schema_changed | database_unavailable}.
void migrate(const Settings& settings, observe::Log log);

}  // namespace millrace::app
