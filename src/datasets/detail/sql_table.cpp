#include "datasets/detail/sql_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "datasets/notation.hpp"
#include "datasets/scan.hpp"

namespace millrace::datasets {
namespace {

using formats::Column;
using formats::Type;

struct Table : sqlite3_vtab {
    SqlTableContext* context = nullptr;
};

/// A comparison of a column with a value, for passing over row groups.
struct Condition {
    std::size_t column = 0;
    unsigned char op = 0;
    SqlValue value;
    std::string text;  ///< keeps what `value` shows
};

struct Cursor : sqlite3_vtab_cursor {
    std::vector<Condition> conditions;
    std::optional<Scan> scan;
    std::size_t row = 0;
    bool done = true;
};

/// Appends a value that is no number as SQL shows it: ISO 8601, with the digits of a second that there are.
void append_text(std::string& out, std::int64_t value, const formats::DataType& type) {
    Notation notation;
    const bool clock = type.type == Type::time || type.type == Type::timestamp;
    if (clock && value % 1'000'000 != 0) notation.digits = 6;
    render(value, type, notation, out);
}

bool is_number(const formats::DataType& type) {
    return type.type == Type::int64 || type.type == Type::decimal || type.type == Type::boolean || type.is_float();
}

double decimal(std::int64_t value, int scale) {
    static constexpr double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    return static_cast<double>(value) / powers[scale];
}

std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

/// Runs what may throw; the error waits in the context while SQLite unwinds.
template <class Body>
int guarded(SqlTableContext& context, Body body) {
    try {
        body();
        return SQLITE_OK;
    } catch (...) {
        if (!context.failure) context.failure = std::current_exception();
        return SQLITE_ERROR;
    }
}

Table& table_of(sqlite3_vtab* table) { return *static_cast<Table*>(table); }
Cursor& cursor_of(sqlite3_vtab_cursor* cursor) { return *static_cast<Cursor*>(cursor); }
SqlTableContext& context_of(sqlite3_vtab_cursor* cursor) { return *table_of(cursor->pVtab).context; }

int connect(sqlite3* db, void* aux, int, const char* const*, sqlite3_vtab** out, char**) {
    auto& context = *static_cast<SqlTableContext*>(aux);
    return guarded(context, [&] {
        std::string sql = "CREATE TABLE x(";
        for (const auto& column : context.table->columns()) {
            if (!sql.ends_with('(')) sql += ", ";
            const auto type = column.data_type();
            sql += quoted(column.name) + (type.type == Type::decimal || type.is_float() ? " REAL" : is_number(type) ? " INTEGER" : " TEXT");
        }
        *context.declaring = true;
        const int declared = sqlite3_declare_vtab(db, (sql + ")").c_str());
        *context.declaring = false;
        if (declared != SQLITE_OK) {
            throw Error{Code::invalid_sql, {{"why", "a table cannot be read by SQL: " + std::string{sqlite3_errmsg(db)}}}};
        }
        auto* table = new Table{};
        table->context = &context;
        *out = table;
    });
}

int disconnect(sqlite3_vtab* table) {
    delete &table_of(table);
    return SQLITE_OK;
}

bool is_comparison(unsigned char op) {
    return op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_LT || op == SQLITE_INDEX_CONSTRAINT_LE || op == SQLITE_INDEX_CONSTRAINT_GT ||
           op == SQLITE_INDEX_CONSTRAINT_GE;
}

/// Which comparisons `filter` is to be told: two bytes for each, column and operator as text.
int best_index(sqlite3_vtab* table, sqlite3_index_info* info) {
    auto& context = *table_of(table).context;
    const auto rows = static_cast<double>(context.table->file().rows());
    double share = 1;
    std::string told;
    int arguments = 0;
    for (int i = 0; i < info->nConstraint; ++i) {
        const auto& constraint = info->aConstraint[i];
        if (!constraint.usable || constraint.iColumn < 0 || !is_comparison(constraint.op)) continue;
        if (std::strcmp(sqlite3_vtab_collation(info, i), "BINARY") != 0) continue;
        info->aConstraintUsage[i].argvIndex = ++arguments;
        told += std::to_string(constraint.iColumn) + ' ' + std::to_string(constraint.op) + ' ';
        share *= constraint.op == SQLITE_INDEX_CONSTRAINT_EQ ? 0.1 : 0.5;
    }
    if (!told.empty()) {
        info->idxStr = sqlite3_mprintf("%s", told.c_str());
        if (!info->idxStr) return SQLITE_NOMEM;
        info->needToFreeIdxStr = 1;
    }
    info->estimatedCost = rows * (0.5 + share / 2);
    info->estimatedRows = static_cast<sqlite3_int64>(rows * share) + 1;
    return SQLITE_OK;
}

int open_cursor(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
    *out = new Cursor{};
    return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
    delete &cursor_of(cursor);
    return SQLITE_OK;
}

/// Can a value within [min, max] stand in this relation to `value`? Types without a common order say yes.
template <class T>
bool possible(unsigned char op, const T& min, const T& max, const T& value) {
    switch (op) {
        case SQLITE_INDEX_CONSTRAINT_EQ: return !(value < min) && !(max < value);
        case SQLITE_INDEX_CONSTRAINT_LT:
        case SQLITE_INDEX_CONSTRAINT_LE: return !(value < min);
        default: return !(max < value);
    }
}

bool may_hold(const Condition& condition, const formats::DataType& type, const formats::parquet::Bounds& bounds) {
    const auto* text = std::get_if<std::string_view>(&condition.value);
    if (type.is_text()) return !text || possible<std::string_view>(condition.op, bounds.text_min, bounds.text_max, *text);
    if (!is_number(type)) {
        std::string min, max;
        append_text(min, bounds.int_min, type);
        append_text(max, bounds.int_max, type);
        // Fractions of a second are written only where there are some: what follows the second does not order.
        return !text || type.type != Type::date || possible<std::string_view>(condition.op, min, max, *text);
    }
    const auto* whole = std::get_if<std::int64_t>(&condition.value);
    const auto* real = std::get_if<double>(&condition.value);
    if (!whole && !real) return true;
    if (whole && type.type == Type::int64) return possible(condition.op, bounds.int_min, bounds.int_max, *whole);
    const double value = whole ? static_cast<double>(*whole) : *real;
    if (type.is_float()) return possible(condition.op, bounds.float_min, bounds.float_max, value);
    const int scale = type.type == Type::decimal ? type.scale : 0;
    return possible(condition.op, decimal(bounds.int_min, scale), decimal(bounds.int_max, scale), value);
}

void keep(Condition& condition, sqlite3_value* value) {
    switch (sqlite3_value_type(value)) {
        case SQLITE_INTEGER: condition.value = std::int64_t{sqlite3_value_int64(value)}; break;
        case SQLITE_FLOAT: condition.value = sqlite3_value_double(value); break;
        case SQLITE_TEXT:
            condition.text.assign(reinterpret_cast<const char*>(sqlite3_value_text(value)), static_cast<std::size_t>(sqlite3_value_bytes(value)));
            condition.value = std::string_view{condition.text};
            break;
        default: break;
    }
}

void to_next_window(Cursor& cursor, SqlTableContext& context) {
    if (context.stopped()) throw Error{Code::query_limits, {{"why", "it took too long"}}};
    cursor.row = 0;
    cursor.done = !cursor.scan->next();
}

int filter(sqlite3_vtab_cursor* base, int, const char* told, int count, sqlite3_value** values) {
    auto& context = context_of(base);
    return guarded(context, [&] {
        auto& cursor = cursor_of(base);
        cursor.conditions.clear();
        cursor.conditions.reserve(static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) {
            auto& condition = cursor.conditions.emplace_back();
            char* end = nullptr;
            condition.column = std::strtoull(told, &end, 10);
            condition.op = static_cast<unsigned char>(std::strtoul(end, &end, 10));
            told = end + 1;
            keep(condition, values[i]);
        }
        const auto& file = context.table->file();
        cursor.scan.emplace(file, 0, [&file, &cursor](std::size_t group) {
            return std::ranges::all_of(cursor.conditions, [&](const Condition& condition) {
                const auto bounds = file.bounds(group, condition.column);
                return !bounds || may_hold(condition, file.fields()[condition.column].type, *bounds);
            });
        });
        to_next_window(cursor, context);
    });
}

int next(sqlite3_vtab_cursor* base) {
    auto& cursor = cursor_of(base);
    if (++cursor.row < cursor.scan->rows()) return SQLITE_OK;
    return guarded(context_of(base), [&] { to_next_window(cursor, context_of(base)); });
}

int at_end(sqlite3_vtab_cursor* cursor) { return cursor_of(cursor).done ? 1 : 0; }

int column_value(sqlite3_vtab_cursor* base, sqlite3_context* out, int index) {
    return guarded(context_of(base), [&] {
        auto& cursor = cursor_of(base);
        const Column& column = cursor.scan->column(static_cast<std::size_t>(index));
        const auto row = cursor.row;
        if (column.is_null(row)) return sqlite3_result_null(out);
        const auto text = [&](std::string_view value) { sqlite3_result_text64(out, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8); };
        if (column.type.is_text()) return text(column.text(row));
        if (column.type.is_float()) return sqlite3_result_double(out, column.floats[row]);
        if (column.type.type == Type::decimal) return sqlite3_result_double(out, decimal(column.ints[row], column.type.scale));
        if (is_number(column.type)) return sqlite3_result_int64(out, column.ints[row]);
        std::string written;
        append_text(written, column.ints[row], column.type);
        text(written);
    });
}

int row_id(sqlite3_vtab_cursor* base, sqlite3_int64* out) {
    const auto& cursor = cursor_of(base);
    *out = static_cast<sqlite3_int64>(cursor.scan->first() + cursor.row + 1);
    return SQLITE_OK;
}

// Without xCreate a module is a table by itself: its name in a query is enough, nothing has to be created.
const sqlite3_module module_methods = [] {
    sqlite3_module methods{};
    methods.xConnect = connect;
    methods.xBestIndex = best_index;
    methods.xDisconnect = disconnect;
    methods.xOpen = open_cursor;
    methods.xClose = close_cursor;
    methods.xFilter = filter;
    methods.xNext = next;
    methods.xEof = at_end;
    methods.xColumn = column_value;
    methods.xRowid = row_id;
    return methods;
}();

}  // namespace

void add_table(sqlite3* db, const std::string& name, SqlTableContext& context) {
    if (sqlite3_create_module_v2(db, name.c_str(), &module_methods, &context, nullptr) != SQLITE_OK) throw Error{Code::internal};
}

}  // namespace millrace::datasets
