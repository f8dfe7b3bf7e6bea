#include "storage/schema.hpp"

#include <cstdlib>
#include <filesystem>

#include "base/clock.hpp"
#include "base/embedded.hpp"
#include "base/error.hpp"
#include "storage/detail/migrations.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/sqlite/connection.hpp"

namespace millrace {
std::span<const Embedded> sqlite_migrations();
std::span<const Embedded> postgres_migrations();
}  // namespace millrace

namespace millrace::storage {
namespace {

Schema compare(std::span<const Embedded> files, const std::map<int, std::string>& applied) {
    const auto known = detail::read_migrations(files);
    Schema schema;
    schema.version = applied.empty() ? 0 : applied.rbegin()->first;
    schema.known = known.empty() ? 0 : known.back().version;
    for (const auto& migration : detail::pending(known, applied)) {
        for (const auto& file : files) {
            if (std::atoi(std::string{file.name}.c_str()) == migration.version) schema.pending.emplace_back(file.name);
        }
    }
    return schema;
}

/// Version and hash of what was applied; nothing when the table is not there.
std::map<int, std::string> applied_in(detail::Session& session, const std::string& exists) {
    bool there = false;
    session.query(exists, {}, [&](const detail::Row& row) { there = !row.is_null(0); });
    std::map<int, std::string> applied;
    if (there) {
        session.query("SELECT version, sha256 FROM schema_version", {},
                      [&](const detail::Row& row) { applied[static_cast<int>(row.integer(0))] = row.text(1); });
    }
    return applied;
}

[[noreturn]] void unavailable(const detail::SqlFailure& failure) {
    throw Error{Code::database_unavailable, {{"why", failure.what()}}};
}

}  // namespace

Schema inspect_sqlite(const std::string& directory) {
    const auto file = std::filesystem::path{directory} / "millrace.db";
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return compare(sqlite_migrations(), {});
    try {
        const detail::Statements none{};
        sqlite::Connection connection{file, sqlite::Mode::read, none};
        return compare(sqlite_migrations(), applied_in(connection, "SELECT max(name) FROM sqlite_master WHERE name = 'schema_version'"));
    } catch (const detail::SqlFailure& failure) {
        unavailable(failure);
    }
}

Schema inspect_postgres(const std::string& url) {
    try {
        const detail::Statements none{};
        const postgres::ParameterTypes types{};
        postgres::Connection connection{{.url = url, .connect_timeout = 5s, .setup = ""}, none, types};
        return compare(postgres_migrations(), applied_in(connection, "SELECT to_regclass('schema_version')::text"));
    } catch (const detail::SqlFailure& failure) {
        unavailable(failure);
    }
}

}  // namespace millrace::storage
