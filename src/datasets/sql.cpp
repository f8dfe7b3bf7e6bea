#include "datasets/sql.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <deque>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"
#include "datasets/detail/sql_memory.hpp"
#include "datasets/detail/sql_table.hpp"

namespace millrace::datasets {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t sql_bytes_max = 100'000, tables_max = 32;
constexpr int value_bytes_max = 4 << 20, steps_between_looks = 1000;

[[noreturn]] void invalid(std::string why) { throw Error{Code::invalid_sql, {{"why", std::move(why)}}}; }

/// "line 2, column 7: " of a byte offset.
std::string place(std::string_view sql, int offset) {
    if (offset < 0 || static_cast<std::size_t>(offset) > sql.size()) return "";
    const auto before = sql.substr(0, static_cast<std::size_t>(offset));
    const auto line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
    const auto characters = std::ranges::count_if(before.substr(line_start), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    return fmt::format("line {}, column {}: ", std::ranges::count(before, '\n') + 1, characters + 1);
}

/// Reading and computing; everything else that a statement could do is refused.
int authorize(void* declaring, int action, const char* first, const char* second, const char*, const char*) {
    if (*static_cast<const bool*>(declaring)) return SQLITE_OK;
    switch (action) {
        case SQLITE_SELECT:
        case SQLITE_RECURSIVE: return SQLITE_OK;
        case SQLITE_READ: return first && std::string_view{first}.starts_with("sqlite_") ? SQLITE_DENY : SQLITE_OK;
        case SQLITE_FUNCTION: return second && std::string_view{second} == "load_extension" ? SQLITE_DENY : SQLITE_OK;
        default: return SQLITE_DENY;
    }
}

/// One query: a connection to nothing, to which tables are added as the query names them.
class Query {
public:
    Query(std::string_view sql, const FindTable& find, const SqlLimits& limits)
        : sql_{sql}, find_{find}, limits_{limits}, deadline_{std::chrono::steady_clock::now() + limits.time}, budget_{limits.memory_bytes} {
        if (sqlite3_open_v2(":memory:", &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
            close();
            throw Error{Code::query_limits, {{"why", "there is too little memory"}}};
        }
        const auto set = [&](int what, int value) { sqlite3_limit(db_, what, value); };
        set(SQLITE_LIMIT_LENGTH, value_bytes_max);
        set(SQLITE_LIMIT_SQL_LENGTH, static_cast<int>(sql_bytes_max));
        set(SQLITE_LIMIT_ATTACHED, 0);
        set(SQLITE_LIMIT_EXPR_DEPTH, 200);
        set(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
        set(SQLITE_LIMIT_WORKER_THREADS, 0);
        sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
        sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
        sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);  // "name" is a column, never a text
        // What is sorted or grouped beyond this goes to unnamed temporary files.
        sqlite3_exec(db_, "PRAGMA temp_store = FILE; PRAGMA cache_size = -8000", nullptr, nullptr, nullptr);
        sqlite3_set_authorizer(db_, authorize, &declaring_);
        sqlite3_progress_handler(db_, steps_between_looks, [](void* self) { return static_cast<Query*>(self)->stopped() ? 1 : 0; }, this);
    }
    ~Query() { close(); }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    SqlResult run(SqlSink& sink) {
        prepare();
        const auto names = columns();
        sink.columns(names);
        std::vector<SqlValue> values(names.size());
        SqlResult result;
        for (int step = sqlite3_step(statement_); step != SQLITE_DONE; step = sqlite3_step(statement_)) {
            if (step != SQLITE_ROW) fail(-1);
            if (result.rows == limits_.rows) {
                result.truncated = true;
                break;
            }
            for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(static_cast<int>(i));
            sink.row(values);
            ++result.rows;
        }
        return result;
    }

private:
    void close() {
        sqlite3_finalize(statement_);
        sqlite3_close(db_);
    }

    bool stopped() const { return limits_.stop.stop_requested() || std::chrono::steady_clock::now() >= deadline_; }

    /// A name that is not known yet is looked for among the tables, and then the query is read again.
    void prepare() {
        const char* rest = nullptr;
        while (sqlite3_prepare_v2(db_, sql_.data(), static_cast<int>(sql_.size()), &statement_, &rest) != SQLITE_OK) {
            const std::string_view why = sqlite3_errmsg(db_);
            constexpr std::string_view unknown = "no such table: ";
            if (!why.starts_with(unknown) || !add(why.substr(unknown.size()))) fail(sqlite3_error_offset(db_));
        }
        if (!statement_ || sqlite3_column_count(statement_) == 0) invalid("there is nothing to select");
        const auto end = sql_.data() + sql_.size();
        sqlite3_stmt* second = nullptr;
        const int more = sqlite3_prepare_v2(db_, rest, static_cast<int>(end - rest), &second, nullptr);
        sqlite3_finalize(second);
        if (second || more != SQLITE_OK) invalid(place(sql_, static_cast<int>(rest - sql_.data())) + "a query is one statement");
    }

    bool add(std::string_view name) {
        if (contexts_.size() == tables_max) invalid(fmt::format("more than {} tables", tables_max));
        const std::string known{name};  // of SQLite, and gone with its next message
        auto table = find_(known);
        if (!table) return false;
        auto& context = contexts_.emplace_back();
        context.table = std::move(table);
        context.stopped = [this] { return stopped(); };
        context.declaring = &declaring_;
        add_table(db_, known, context);
        return true;
    }

    [[noreturn]] void fail(int offset) {
        for (const auto& context : contexts_) {
            if (context.failure) std::rethrow_exception(context.failure);
        }
        const int code = sqlite3_errcode(db_);
        if (limits_.stop.stop_requested()) throw Error{Code::cancelled};
        if (code == SQLITE_INTERRUPT || stopped()) {
            throw Error{Code::query_limits, {{"why", fmt::format("it took longer than {} ms", limits_.time.count())}}};
        }
        if (code == SQLITE_NOMEM) throw Error{Code::query_limits, {{"why", fmt::format("it needed more than {} MiB of memory", limits_.memory_bytes >> 20)}}};
        if (code == SQLITE_TOOBIG) throw Error{Code::query_limits, {{"why", fmt::format("a value or the query is longer than {} bytes", value_bytes_max)}}};
        if (code == SQLITE_FULL || code == SQLITE_IOERR) throw Error{Code::storage_full};
        if (code == SQLITE_AUTH) invalid(place(sql_, offset) + "only reading is allowed (" + sqlite3_errmsg(db_) + ")");
        invalid(place(sql_, offset) + sqlite3_errmsg(db_));
    }

    std::vector<SqlColumn> columns() const {
        std::vector<std::string> names;
        for (int i = 0; i < sqlite3_column_count(statement_); ++i) names.emplace_back(sqlite3_column_name(statement_, i));
        const auto unique = unique_names(names);
        std::vector<SqlColumn> out;
        for (int i = 0; i < static_cast<int>(unique.size()); ++i) {
            const char* type = sqlite3_column_decltype(statement_, i);
            out.push_back({unique[static_cast<std::size_t>(i)], type ? type : ""});
        }
        return out;
    }

    SqlValue value(int column) const {
        const auto size = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)); };
        switch (sqlite3_column_type(statement_, column)) {
            case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement_, column)};
            case SQLITE_FLOAT: return sqlite3_column_double(statement_, column);
            case SQLITE_TEXT: {
                const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
                return std::string_view{text, size()};
            }
            case SQLITE_BLOB: {
                const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
                return SqlBytes{{bytes, size()}};
            }
            default: return std::monostate{};
        }
    }

    const std::string_view sql_;
    const FindTable& find_;
    const SqlLimits& limits_;
    const Deadline deadline_;
    MemoryBudget budget_;
    std::deque<SqlTableContext> contexts_;  // addresses stay
    bool declaring_ = false;
    sqlite3* db_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

SqlResult run_sql(std::string_view sql, const FindTable& find, const SqlLimits& limits, SqlSink& sink) {
    if (sql.size() > sql_bytes_max) invalid(fmt::format("it is longer than {} bytes", sql_bytes_max));
    if (first_invalid_utf8(sql) != sql.npos || sql.contains('\0')) invalid("it is not UTF-8 text");
    return Query{sql, find, limits}.run(sink);
}

void append_json(std::string& out, const SqlValue& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) json::append_number(out, *whole);
    else if (const auto* real = std::get_if<double>(&value)) json::append_number(out, *real);
    else if (const auto* text = std::get_if<std::string_view>(&value)) json::append_string(out, *text);
    else if (const auto* bytes = std::get_if<SqlBytes>(&value)) json::append_string(out, to_base64url(bytes->bytes));
    else out += "null";
}

}  // namespace millrace::datasets
