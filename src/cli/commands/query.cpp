#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <unistd.h>

#include <filesystem>

#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/reading.hpp"
#include "cli/remote.hpp"
#include "cli/table.hpp"
#include "datasets/build.hpp"
#include "datasets/rows.hpp"
#include "datasets/sql.hpp"

namespace millrace::cli {
namespace {

/// A file of this machine, typed as an import would.
class FileTable final : public datasets::SqlTable {
public:
    FileTable(const std::string& path, const Arguments& arguments, std::stop_token stop) {
        const auto source = open_source(path);
        const auto dialect = dialect_of(arguments);
        if (formats::parquet::looks_like_parquet(*source)) {
            data_ = open_source(path);
        } else {
            SpoolFile table, texts;
            const auto& format = formats::recognise(*source, name_of(path), dialect);
            datasets::build([&](auto on_reject) { return format.open(*source, {.dialect = dialect, .on_reject = on_reject}); },
                            {.data = &table, .texts = &texts, .rejects = nullptr, .restart = [&] {
                                 table.restart();
                                 texts.restart();
                             }},
                            {.stop = std::move(stop)});
            data_ = table.source();
        }
        rows_.emplace(*data_, nullptr);
    }
    const formats::parquet::Reader& file() const override { return rows_->file(); }
    const std::vector<datasets::ColumnInfo>& columns() const override { return rows_->columns(); }

private:
    std::unique_ptr<formats::Source> data_;
    std::optional<datasets::RowReader> rows_;
};

/// Does a query mean this file by `name`? Its name, with or without what follows the first point.
bool is_named(const std::string& path, std::string_view name) {
    const auto filename = path == "-" ? std::string{"stdin"} : std::filesystem::path{path}.filename().string();
    return name == filename || name == std::string_view{filename}.substr(0, filename.find('.', 1));
}

json::value to_value(const datasets::SqlValue& value) {
    std::string text;
    datasets::append_json(text, value);
    return json::parse(text);
}

/// Rows into a listing, which is made when the columns are known.
class Listed final : public datasets::SqlSink {
public:
    explicit Listed(const Arguments& arguments) : arguments_{arguments} {}

    void columns(const std::vector<datasets::SqlColumn>& columns) override {
        std::vector<Column> shown;
        for (const auto& column : columns) {
            names_.push_back(column.name);
            shown.push_back({column.name, column.type == "INTEGER" || column.type == "REAL"});
        }
        const auto out = Terminal::of(STDOUT_FILENO, arguments_.colour);
        listing_.emplace(format_from(arguments_.output, arguments_.json, arguments_.quiet, out), out, std::move(shown), arguments_.fields);
    }
    void row(std::span<const datasets::SqlValue> values) override {
        json::object row;
        for (std::size_t i = 0; i < values.size(); ++i) row.emplace(names_[i], to_value(values[i]));
        put(listing_->add(row));
    }
    void end(bool truncated, std::uint64_t rows) {
        if (listing_) put(listing_->end());
        if (truncated) put_note("There are more rows than " + std::to_string(rows) + "; --limit shows more.");
    }

private:
    const Arguments& arguments_;
    std::vector<std::string> names_;
    std::optional<Listing> listing_;
};

int query_files(const Arguments& arguments, std::optional<std::uint64_t> limit) {
    const Interrupt interrupt;
    const auto find = [&](std::string_view name) -> std::unique_ptr<datasets::SqlTable> {
        for (const auto& path : arguments.files) {
            if (is_named(path, name)) return std::make_unique<FileTable>(path, arguments, interrupt.token());
        }
        return nullptr;
    };
    Listed listed{arguments};
    const datasets::SqlLimits limits{.time = std::chrono::hours{24}, .memory_bytes = 512u << 20, .rows = limit.value_or(~0ull), .stop = interrupt.token()};
    const auto result = datasets::run_sql(arguments.sql, find, limits, listed);
    listed.end(result.truncated, result.rows);
    return exit_ok;
}

int query_server(const Arguments& arguments, std::optional<std::uint64_t> limit) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    json::object body{{"sql", arguments.sql}};
    if (limit) body.emplace("limit", *limit);
    const auto answer = remote.post("/api/v2/datasets/query", body).as_object();
    std::vector<Column> shown;
    for (const auto& column : answer.at("columns").as_array()) {
        const auto type = cell_text(member(column.as_object(), "type"));
        shown.push_back({cell_text(member(column.as_object(), "name")), type == "INTEGER" || type == "REAL"});
    }
    const auto out = Terminal::of(STDOUT_FILENO, arguments.colour);
    Listing listing{format_from(arguments.output, arguments.json, arguments.quiet, out), out, std::move(shown), arguments.fields};
    for (const auto& row : answer.at("items").as_array()) put(listing.add(row.as_object()));
    put(listing.end());
    if (answer.at("truncated").as_bool()) put_note("There are more rows; --limit shows up to 10000, or put a LIMIT into the query.");
    return exit_ok;
}

}  // namespace

int run_query(const Arguments& arguments) {
    const auto limit = arguments.row_limit;
    return arguments.files.empty() ? query_server(arguments, limit) : query_files(arguments, limit);
}

}  // namespace millrace::cli
