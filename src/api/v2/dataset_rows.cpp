#include "api/v2/dataset_rows.hpp"

#include <cstring>
#include <utility>

#include "api/download.hpp"
#include "datasets/export.hpp"
#include "datasets/open.hpp"
#include "datasets/row_query.hpp"

namespace millrace::api::v2 {
namespace {

struct StringSink final : formats::Sink {
    std::string text;
    void write(std::string_view bytes) override { text += bytes; }
};

/// Produces the text of a dataset a few thousand rows at a time, as the client takes it.
class Export {
public:
    Export(Services& services, const datasets::Dataset& dataset, const datasets::ExportPlan& plan)
        : table_{services.blobs, dataset}, values_{plan.values}, compressed_{sink_, plan.options.compression},
          writer_{plan.format->open(compressed_, table_.rows.write_columns(), plan.options)} {}

    std::size_t read(std::span<char> into) {
        std::size_t done = 0;
        while (done < into.size()) {
            if (at_ == sink_.text.size() && !refill()) break;
            const auto n = std::min(into.size() - done, sink_.text.size() - at_);
            std::memcpy(into.data() + done, sink_.text.data() + at_, n);
            at_ += n;
            done += n;
        }
        return done;
    }

private:
    bool refill() {
        constexpr std::uint64_t rows_at_once = 2048;
        sink_.text.clear();
        at_ = 0;
        while (sink_.text.empty() && next_ < table_.rows.rows()) {
            table_.rows.write({next_, rows_at_once}, values_, *writer_);
            next_ += rows_at_once;
        }
        if (sink_.text.empty() && !std::exchange(finished_, true)) {
            writer_->finish();
            compressed_.finish();
        }
        return !sink_.text.empty();
    }

    datasets::OpenDataset table_;
    const datasets::Values values_;
    StringSink sink_;
    formats::CompressedSink compressed_;
    std::unique_ptr<formats::TableWriter> writer_;
    std::size_t at_ = 0;
    std::uint64_t next_ = 0;
    bool finished_ = false;
};

/// What the query says, as the body of an export would.
datasets::ExportPlan plan_of(const http::Request& request) {
    json::object body{{"format", "ndjson"}};
    for (const auto* name : {"format", "values", "compression", "delimiter", "quoting", "line_end", "null_text", "formulas", "table", "style"}) {
        if (const auto value = request.query_value(name)) body.insert_or_assign(name, *value);
    }
    for (const auto* name : {"header", "bom"}) {
        const auto value = request.query_value(name);
        if (value) body.insert_or_assign(name, *value == "true" ? json::value(true) : *value == "false" ? json::value(false) : json::value(*value));
    }
    datasets::ExportRequest wanted;
    std::vector<Issue> issues;
    read_json(json::value(std::move(body)), wanted, issues);
    auto plan = datasets::plan_export(wanted, issues, "");
    if (issues.empty() && !plan.format->streams && plan.format->name != "parquet") {
        issues.push_back({"/format", "not_applicable", "does not stream; use POST .../exports"});
    }
    if (!issues.empty()) throw Error{Code::invalid_parameter, {{"name", issues[0].pointer.substr(1)}, {"why", issues[0].detail}}};
    return plan;
}

/// Where a page begins that is asked for by the number of its first row.
std::string cursor_at(Call& call, const datasets::RowQuery& query) {
    const query::CursorValue at = number_of(call.request, "offset", 0, std::int64_t{1} << 53);
    const bool in_order = !call.request.query_value("filter") && !call.request.query_value("sort");
    if (!in_order) throw Error{Code::invalid_parameter, {{"name", "offset"}, {"why", "it counts rows in the order of the file, without filter and sort"}}};
    return query::encode_cursor(query.list, {&at, 1});
}

}  // namespace

http::Response rows_page(Call& call, const datasets::Dataset& dataset) {
    datasets::OpenDataset table{call.services.blobs, dataset};
    const auto& columns = table.rows.columns();
    const auto& file = table.rows.file();
    const auto fields = datasets::row_fields(columns, file);
    datasets::RowQuery query;
    query.limit = static_cast<std::size_t>(limit_of(call.request));
    if (const auto filter = call.request.query_value("filter")) query.filter = query::parse_filter(*filter, fields);
    if (const auto sort = call.request.query_value("sort")) query.sort = query::parse_sort(*sort, fields);
    if (const auto names = call.request.query_value("columns")) query.columns = datasets::parse_columns(*names, columns);
    query.cursor = call.request.query_value("cursor");
    // Which columns are shown does not change the place of a row.
    query.list = "rows|" + dataset.id.str() + "|" + query::to_string(query.filter) + "|" + query::to_string(query.sort);
    if (call.request.query_value("offset") && !query.cursor) query.cursor = cursor_at(call, query);
    const auto page = datasets::query_rows(file, columns, query);
    std::string body = R"({"items":)" + page.items + R"(,"next_cursor":)";
    if (page.next_cursor) json::append_string(body, *page.next_cursor);
    else body += "null";
    body += '}';
    return http::Response::json(200, std::move(body));
}

http::Begun export_download(Call& call, const datasets::Dataset& dataset) {
    const auto plan = plan_of(call.request);
    const auto filename = datasets::export_filename(dataset.name, plan);
    if (plan.format->name == "parquet" && plan.options.compression == formats::Compression::none) {
        return blob_download(call, dataset.table_blob, filename, plan.media_type());
    }
    const auto body = std::make_shared<Export>(call.services, dataset, plan);
    http::Download download;
    download.read = [body](std::uint64_t, std::span<char> into) { return body->read(into); };
    download.content_type = plan.media_type();
    download.filename = filename;
    return download;
}

}  // namespace millrace::api::v2
