#include "storage/sqlite/connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace millrace::storage::sqlite {

using detail::Bytes;
using detail::OnRow;
using detail::SqlFailure;
using detail::Statement;
using detail::Value;

namespace {

class StatementRow final : public detail::Row {
public:
    explicit StatementRow(sqlite3_stmt* statement) : statement_{statement} {}
    int size() const override { return sqlite3_column_count(statement_); }
    std::string_view name(int column) const override { return sqlite3_column_name(statement_, column); }
    bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
    double real(int column) const override { return sqlite3_column_double(statement_, column); }
    std::string_view text(int column) const override {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        return {bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }
    Uuid uuid(int column) const override { return Uuid::from_raw(text(column)); }
    Instant instant(int column) const override { return Instant{Duration{integer(column)}}; }

private:
    sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int at, const Value& value) {
    return std::visit(
        [&](const auto& v) {
            using T = std::decay_t<decltype(v)>;
            const auto blob = [&](std::string_view bytes) {
                return sqlite3_bind_blob64(statement, at, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
            };
            if constexpr (std::same_as<T, std::nullptr_t>) return sqlite3_bind_null(statement, at);
            else if constexpr (std::same_as<T, bool>) return sqlite3_bind_int(statement, at, v ? 1 : 0);
            else if constexpr (std::same_as<T, std::int64_t>) return sqlite3_bind_int64(statement, at, v);
            else if constexpr (std::same_as<T, double>) return sqlite3_bind_double(statement, at, v);
            else if constexpr (std::same_as<T, Uuid>) return blob(v.raw());
            else if constexpr (std::same_as<T, Bytes>) return blob(v.bytes);
            else if constexpr (std::same_as<T, Instant>) return sqlite3_bind_int64(statement, at, v.time_since_epoch().count());
            else return sqlite3_bind_text64(statement, at, v.data() ? v.data() : "", v.size(), SQLITE_STATIC, SQLITE_UTF8);
        },
        value);
}

SqlFailure::Kind kind_of(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
            return SqlFailure::Kind::full;
        case SQLITE_CONSTRAINT: {
            const bool key = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
            return key ? SqlFailure::Kind::conflict : SqlFailure::Kind::other;
        }
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_NOMEM:
        case SQLITE_PROTOCOL:
            return SqlFailure::Kind::unavailable;
        default:
            return SqlFailure::Kind::other;
    }
}

}  // namespace

void Connection::CloseDb::operator()(sqlite3* db) const { sqlite3_close_v2(db); }
void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Connection::Connection(const std::filesystem::path& file, Mode mode, const detail::Statements& statements)
    : statements_{statements} {
    // Statistics of memory cost a global lock in every allocation. No effect when the process has used SQLite before.
    static const int quiet = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(quiet);
    sqlite3* db = nullptr;
    const int access = mode == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
    const int code = sqlite3_open_v2(file.c_str(), &db, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    db_.reset(db);
    if (code != SQLITE_OK) fail(code, file.string());
    sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 512, 512);
    // Another program may look at the file; this long it may keep us waiting.
    sqlite3_busy_timeout(db, 5000);
    execute("PRAGMA mmap_size = 1073741824");
    execute("PRAGMA temp_store = MEMORY");
    // A reader is opened writable, because the last connection of a WAL must be able to set it up, and then kept from
    // writing.
    if (mode == Mode::read) execute("PRAGMA query_only = ON");
}

Connection::~Connection() = default;

std::string_view Connection::text(Statement statement) const { return statements_[static_cast<std::size_t>(statement)]; }

std::int64_t Connection::run(Statement statement, std::span<const Value> values, const OnRow& on_row) {
    Prepared& prepared = prepared_[static_cast<std::size_t>(statement)];
    if (!prepared) prepared = prepare(statements_[static_cast<std::size_t>(statement)], true);
    return step(prepared.get(), values, on_row);
}

void Connection::query(const std::string& sql, std::span<const Value> values, const OnRow& on_row) {
    step(prepare(sql, false).get(), values, on_row);
}

void Connection::execute(const std::string& sql) {
    const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, sql.substr(0, 100));
}

std::optional<std::string> Connection::value(const std::string& sql) {
    std::optional<std::string> out;
    query(sql, {}, [&](const detail::Row& row) {
        if (!out) out = std::string{row.text(0)};
    });
    return out;
}

std::int64_t Connection::last_insert() const { return sqlite3_last_insert_rowid(db_.get()); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

Connection::Prepared Connection::prepare(const std::string& sql, bool keep) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                        keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
    if (code != SQLITE_OK) fail(code, sql.substr(0, 100));
    return Prepared{statement};
}

std::int64_t Connection::step(sqlite3_stmt* statement, std::span<const Value> values, const OnRow& on_row) {
    // Back to its start however it ends: an unfinished statement would hold its read transaction open.
    struct Reset {
        sqlite3_stmt* statement;
        ~Reset() { sqlite3_reset(statement); }
    } const reset{statement};
    for (std::size_t i = 0; i < values.size(); ++i) {
        const int code = bind(statement, static_cast<int>(i) + 1, values[i]);
        if (code != SQLITE_OK) fail(code, sqlite3_sql(statement));
    }
    const StatementRow row{statement};
    std::int64_t shown = 0;
    while (true) {
        const int code = sqlite3_step(statement);
        if (code == SQLITE_DONE) break;
        if (code != SQLITE_ROW) fail(code, std::string_view{sqlite3_sql(statement)}.substr(0, 100));
        ++shown;
        if (on_row) on_row(row);
    }
    return sqlite3_stmt_readonly(statement) || shown > 0 ? shown : sqlite3_changes64(db_.get());
}

void Connection::fail(int code, std::string_view what) const {
    const char* why = db_ ? sqlite3_errmsg(db_.get()) : sqlite3_errstr(code);
    SqlFailure failure{kind_of(code), fmt::format("{} ({}): {}", why, code, what)};
    failure.fsync_failed = code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
    throw failure;
}

}  // namespace millrace::storage::sqlite
