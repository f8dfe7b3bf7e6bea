#include <array>
#include <chrono>

#include "api/v2/routes.hpp"
#include "datasets/open.hpp"
#include "datasets/sql.hpp"

namespace millrace::api::v2 {
namespace {

BOOST_DEFINE_ENUM_CLASS(Form, json, csv)

struct QueryRequest {
    std::string sql;
    int limit = 1000;  ///< of rows
    Form format = Form::json;
    static std::array<std::string_view, 1> required() { return {"sql"}; }
};
BOOST_DESCRIBE_STRUCT(QueryRequest, (), (sql, limit, format))

/// For the document: what JSON answers look like.
struct QueryAnswer {
    std::vector<datasets::SqlColumn> columns;
    std::vector<json::object> items;
    std::uint64_t row_count = 0;
    bool truncated = false;
};
BOOST_DESCRIBE_STRUCT(QueryAnswer, (), (columns, items, row_count, truncated))

constexpr int rows_max = 10'000;
constexpr std::size_t answer_bytes_max = 32u << 20;

class DatasetTable final : public datasets::SqlTable {
public:
    DatasetTable(blobs::BlobStore& blobs, const datasets::Dataset& dataset) : table_{blobs, dataset} {}
    const formats::parquet::Reader& file() const override { return table_.rows.file(); }
    const std::vector<datasets::ColumnInfo>& columns() const override { return table_.rows.columns(); }

private:
    datasets::OpenDataset table_;
};

/// The dataset of the caller that a query means: by id, by name, or by its name without the extension; of several the newest.
std::optional<datasets::Dataset> find(Services& services, const Scope& scope, std::string_view name) {
    if (const auto id = Uuid::parse(name)) return services.datasets.get(*id, scope);
    const auto newest = [&](query::Operator op, std::string text, int limit) {
        datasets::ListRequest request{.filter = {}, .sort = query::parse_sort("-created_at", datasets::list_fields()), .cursor = {}, .limit = limit};
        request.filter.terms.push_back({.field = "name", .op = op, .values = {std::move(text)}});
        return services.datasets.list(scope, request).items;
    };
    if (auto exact = newest(query::Operator::equal, std::string{name}, 1); !exact.empty()) return std::move(exact.front());
    for (auto& dataset : newest(query::Operator::contains, std::string{name} + ".", 100)) {
        if (std::string_view{dataset.name}.substr(0, dataset.name.find('.')) == name) return std::move(dataset);
    }
    return std::nullopt;
}

/// Rows as text, up to what an answer may hold.
class Answer final : public datasets::SqlSink {
public:
    explicit Answer(Form form) : form_{form} {}

    void columns(const std::vector<datasets::SqlColumn>& columns) override {
        columns_ = columns;
        if (form_ == Form::json) return;
        for (const auto& column : columns_) cell(column.name, &column == columns_.data());
        text_ += "\r\n";
    }

    void row(std::span<const datasets::SqlValue> values) override {
        if (text_.size() > answer_bytes_max) {
            throw Error{Code::query_limits, {{"why", "its result is longer than " + std::to_string(answer_bytes_max >> 20) + " MiB"}}};
        }
        if (form_ == Form::csv) return csv_row(values);
        text_ += text_.empty() ? "{" : ",{";
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) text_ += ',';
            json::append_string(text_, columns_[i].name);
            text_ += ':';
            datasets::append_json(text_, values[i]);
        }
        text_ += '}';
    }

    http::Response finish(const datasets::SqlResult& result) {
        if (form_ == Form::csv) {
            auto response = http::Response::text(200, std::move(text_));
            response.headers.set("Content-Type", "text/csv; charset=utf-8");
            response.headers.set("Content-Disposition", "attachment; filename=\"query.csv\"");
            response.headers.set("Result-Truncated", result.truncated ? "true" : "false");
            return response;
        }
        return http::Response::json(200, R"({"columns":)" + to_json(columns_) + R"(,"items":[)" + text_ + R"(],"row_count":)" + std::to_string(result.rows) +
                                             R"(,"truncated":)" + (result.truncated ? "true}" : "false}"));
    }

private:
    void csv_row(std::span<const datasets::SqlValue> values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto* given = std::get_if<std::string_view>(&values[i]);
            std::string written;
            if (!given && values[i].index() != 0) datasets::append_json(written, values[i]);
            cell(given ? *given : std::string_view{written}, i == 0, given != nullptr);
        }
        text_ += "\r\n";
    }

    /// An empty text is quoted, so that it is not a null.
    void cell(std::string_view value, bool first, bool is_text = true) {
        if (!first) text_ += ',';
        if (value.starts_with('"') && !is_text) value = value.substr(1, value.size() - 2);  // of a number too wide for JSON
        const bool quotes = is_text && (value.empty() || value.find_first_of(",\"\r\n") != value.npos);
        if (!quotes) {
            text_ += value;
            return;
        }
        text_ += '"';
        for (const char c : value) {
            if (c == '"') text_ += '"';
            text_ += c;
        }
        text_ += '"';
    }

    const Form form_;
    std::vector<datasets::SqlColumn> columns_;
    std::string text_;
};

http::Answer run(Call& call, QueryRequest request) {
    if (request.limit < 1 || request.limit > rows_max) {
        Error error{Code::invalid_fields};
        error.issues.push_back({"/limit", "out_of_range", "expected 1 to " + std::to_string(rows_max)});
        throw error;
    }
    auto& services = call.services;
    const auto scope = call.who.scope;
    const auto find_table = [&](std::string_view name) -> std::unique_ptr<datasets::SqlTable> {
        const auto dataset = find(services, scope, name);
        return dataset ? std::make_unique<DatasetTable>(services.blobs, *dataset) : nullptr;
    };
    const datasets::SqlLimits limits{.time = std::chrono::duration_cast<std::chrono::milliseconds>(services.settings.query_time),
                                     .memory_bytes = services.settings.query_memory_bytes_max, .rows = static_cast<std::uint64_t>(request.limit)};
    Answer answer{request.format};
    const auto result = datasets::run_sql(request.sql, find_table, limits, answer);
    return answer.finish(result);
}

}  // namespace

void add_dataset_queries(Table& table) {
    table.add("POST", "/api/v2/datasets/query", http::Lane::files,
              {.id = "queryDatasets", .summary = "One SELECT in the SQL of SQLite over your datasets, each a table under its id or name", .tag = "datasets", .parameters = {},
               .body = Body{.schema = json_schema<QueryRequest>(), .example = json::object{{"sql", "SELECT 1 + 1 AS two"}}},
               .replies = {{200, "The rows; text/csv when the format is csv", json_schema<QueryAnswer>()},
                           reply_error(422, "The query is not valid, or needs more time or memory than one may have")}},
              [](Call& call) { return with_json<QueryRequest>(call, run); });
}

}  // namespace millrace::api::v2
