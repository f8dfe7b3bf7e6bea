#include "formats/sqlite/writer.hpp"

#include <sqlite3.h>

#include <cmath>
#include <cstdlib>

#include "base/error.hpp"
#include "formats/detail/cells.hpp"
#include "formats/detail/scratch_file.hpp"
#include "formats/sql/writer.hpp"

namespace millrace::formats::sqlite {
namespace {

constexpr std::size_t columns_max = 2000;
constexpr std::size_t name_bytes_max = 10'000;  ///< SQLite has no limit of its own

/// Declared so that the affinity of the column keeps what is bound. Decimals have none: a long one, kept as text, would
/// become REAL in a NUMERIC column.
std::string_view type_name(const DataType& type) {
    switch (type.type) {
        case Type::int64: return "INTEGER";
        case Type::decimal: return "";
        case Type::float64: return "REAL";
        case Type::boolean: return "BOOLEAN";
        case Type::date: return "DATE";
        case Type::time: return "TIME";
        case Type::timestamp: return "TIMESTAMP";
        default: return "TEXT";
    }
}

class SqliteWriter final : public TableWriter {
public:
    SqliteWriter(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& options) : sink_{sink}, columns_{std::move(columns)} {
        if (columns_.size() > columns_max) {
            throw Error{Code::too_many_columns, {{"limit", std::to_string(columns_max)}}};
        }
        check(sqlite3_open_v2(file_.path().c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr));
        // The file is for nobody else until it is complete: nothing has to survive a crash here.
        run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE");
        std::set<std::string> tables, names;
        auto name = sql::usable_name(options.table.value_or("data"), name_bytes_max, tables);
        if (name.starts_with("sqlite_")) name = "_" + name;  // those are its own
        const auto table = sql::quoted_name(name);
        std::string definition, marks;
        for (const auto& column : columns_) {
            definition += (definition.empty() ? "" : ", ") + sql::quoted_name(sql::usable_name(column.name, name_bytes_max, names)) + " ";
            definition += type_name(column.type);
            marks += marks.empty() ? "?" : ",?";
        }
        run(("BEGIN; CREATE TABLE " + table + " (" + definition + ")").c_str());
        const auto insert = "INSERT INTO " + table + " VALUES (" + marks + ")";
        check(sqlite3_prepare_v2(db_, insert.c_str(), -1, &insert_, nullptr));
    }
    ~SqliteWriter() override {
        sqlite3_finalize(insert_);
        sqlite3_close(db_);
    }

    void write(const Rows& rows) override {
        for (auto row = rows.begin; row < rows.end; ++row) {
            for (std::size_t i = 0; i < columns_.size(); ++i) check(bind(static_cast<int>(i) + 1, *rows.columns[i], row, columns_[i]));
            if (sqlite3_step(insert_) != SQLITE_DONE) fail();
            sqlite3_reset(insert_);
        }
        report_.rows += rows.end - rows.begin;
    }

    void finish() override {
        run("COMMIT");
        sqlite3_finalize(std::exchange(insert_, nullptr));
        check(sqlite3_close(std::exchange(db_, nullptr)));
        file_.copy_to(sink_);
    }
    const WriteReport& report() const override { return report_; }

private:
    int bind(int at, const Column& column, std::size_t row, const WriteColumn& how) {
        if (column.is_null(row)) return sqlite3_bind_null(insert_, at);
        if (column.type.is_text()) {
            const auto text = column.text(row);
            // An empty view may have no address, and SQLite would take that for a null.
            return sqlite3_bind_text64(insert_, at, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
        }
        switch (column.type.type) {
            case Type::int64:
            case Type::boolean:
                return sqlite3_bind_int64(insert_, at, column.ints[row]);
            case Type::float64:
                return sqlite3_bind_double(insert_, at, column.floats[row]);
            default:
                break;
        }
        char value[value_bytes_max];
        char* const end = put_value(value, column, row, how);
        *end = '\0';
        const bool number = column.type.type == Type::decimal && significant_digits(column.ints[row]) <= 15;
        if (number) return sqlite3_bind_double(insert_, at, std::strtod(value, nullptr));
        return sqlite3_bind_text(insert_, at, value, static_cast<int>(end - value), SQLITE_TRANSIENT);
    }

    void run(const char* sql) {
        if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
    }
    void check(int result) const {
        if (result != SQLITE_OK) fail();
    }
    [[noreturn]] void fail() const {
        if (db_ && sqlite3_errcode(db_) == SQLITE_FULL) throw Error{Code::storage_full};
        throw Error{Code::storage_failed, {{"why", std::string{"SQLite: "} + (db_ ? sqlite3_errmsg(db_) : "cannot close the file")}}};
    }

    Sink& sink_;
    const std::vector<WriteColumn> columns_;
    ScratchFile file_;
    sqlite3* db_ = nullptr;
    sqlite3_stmt* insert_ = nullptr;
    WriteReport report_;
};

constexpr std::string_view options[] = {"table"};

std::unique_ptr<TableWriter> open(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& how) {
    return std::make_unique<SqliteWriter>(sink, std::move(columns), how);
}

}  // namespace

const OutputFormat& output() {
    static constexpr OutputFormat format{.name = "sqlite", .extension = ".sqlite", .media_type = "application/vnd.sqlite3", .streams = false,
                                         .options = options, .open = open};
    return format;
}

}  // namespace millrace::formats::sqlite
