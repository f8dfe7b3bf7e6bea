#pragma once

#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "datasets/column.hpp"
#include "formats/parquet/reader.hpp"

/// Read-only SQL over datasets: the dialect of SQLite, whose tables are Parquet files that are read as the query needs them.
namespace millrace::datasets {

/// A table that a query may read. What it refers to must live as long as the query runs.
struct SqlTable {
    virtual ~SqlTable() = default;
    virtual const formats::parquet::Reader& file() const = 0;
    virtual const std::vector<ColumnInfo>& columns() const = 0;
};

/// Finds a table by the name that stands in the query; null when there is none.
using FindTable = std::function<std::unique_ptr<SqlTable>(std::string_view name)>;

struct SqlLimits {
    std::chrono::milliseconds time{10'000};
    std::size_t memory_bytes = 64u << 20;  ///< of SQLite for this query; what it sorts beyond goes to temporary files
    std::uint64_t rows = 1000;             ///< of the result; further ones are cut off and told
    std::stop_token stop{};
};

struct SqlColumn {
    std::string name;  ///< unique
    std::string type;  ///< as declared: INTEGER, REAL, TEXT; empty for an expression
};
BOOST_DESCRIBE_STRUCT(SqlColumn, (), (name, type))

struct SqlBytes {
    std::string_view bytes;
};
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string_view, SqlBytes>;

/// Where the result goes. Values are valid during the call.
struct SqlSink {
    virtual ~SqlSink() = default;
    virtual void columns(const std::vector<SqlColumn>& columns) = 0;
    virtual void row(std::span<const SqlValue> values) = 0;
};

struct SqlResult {
    std::uint64_t rows = 0;
    bool truncated = false;  ///< there are more rows than the limit
};

/// Runs one SELECT. Numbers are INTEGER and REAL (decimals too), booleans 0 and 1, dates and times ISO texts, all others TEXT.
/// Conditions that compare a column with a value pass over row groups; columns are decoded when a row needs them.
/// Nothing but reading is possible: no ATTACH, no PRAGMA, no extension, no table that `find` does not give.
/// Throws Error{invalid_sql} with line and column, Error{query_limits}, Error{cancelled}, and what reading throws.
SqlResult run_sql(std::string_view sql, const FindTable& find, const SqlLimits& limits, SqlSink& sink);

/// Appends a value as JSON: whole numbers beyond 2^53 as texts, bytes as base64url.
void append_json(std::string& out, const SqlValue& value);

}  // namespace millrace::datasets
