#include "inspector.hpp"

#include <sqlite3.h>

#include "failure.hpp"

namespace millrace::sim {

Inspector::Inspector(const std::string& file) {
    if (sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
        throw Violation{"the inspector cannot open the database"};
    }
    sqlite3_exec(db_, "PRAGMA query_only = ON", nullptr, nullptr, nullptr);
}

Inspector::~Inspector() {
    for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
    sqlite3_close_v2(db_);
}

std::int64_t Inspector::Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Inspector::Row::text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Uuid Inspector::Row::uuid(int column) const { return Uuid::from_raw(text(column)); }

bool Inspector::Row::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

void Inspector::each(const char* sql, const std::vector<Uuid>& values, const std::function<void(const Row&)>& body) {
    sqlite3_stmt*& statement = prepared_[sql];
    if (!statement && sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) != SQLITE_OK) {
        throw Violation{std::string{sql} + ": " + sqlite3_errmsg(db_)};
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        sqlite3_bind_blob(statement, static_cast<int>(i) + 1, values[i].bytes.data(), 16, SQLITE_TRANSIENT);
    }
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) body(Row{statement});
    sqlite3_reset(statement);
    if (code != SQLITE_DONE) throw Violation{std::string{sql} + ": " + sqlite3_errmsg(db_)};
}

std::optional<Inspector::Lease> Inspector::lease(const Uuid& job) {
    std::optional<Lease> out;
    each("SELECT worker, token, attempt, claimed_at FROM job_lease WHERE job_id = ?1", {job}, [&](const Row& row) {
        out = Lease{row.uuid(0), row.uuid(1), static_cast<int>(row.integer(2)), row.integer(3)};
    });
    return out;
}

std::map<Uuid, Inspector::Lease> Inspector::leases() {
    std::map<Uuid, Lease> out;
    each("SELECT job_id, worker, token, attempt, claimed_at FROM job_lease", {}, [&](const Row& row) {
        out.emplace(row.uuid(0), Lease{row.uuid(1), row.uuid(2), static_cast<int>(row.integer(3)), row.integer(4)});
    });
    return out;
}

std::optional<std::string> Inspector::state(const Uuid& job) {
    std::optional<std::string> out;
    each("SELECT state FROM job WHERE id = ?1", {job}, [&](const Row& row) { out = row.text(0); });
    return out;
}

}  // namespace millrace::sim
