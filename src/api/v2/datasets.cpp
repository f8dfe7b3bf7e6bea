#include <boost/json/string.hpp>

#include "api/download.hpp"
#include "api/v2/dataset_rows.hpp"
#include "api/v2/dataset_view.hpp"
#include "api/v2/routes.hpp"
#include "datasets/ops.hpp"

namespace millrace::api::v2 {
namespace {

using datasets::Dataset;

struct DatasetList {
    std::vector<DatasetView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(DatasetList, (), (items, next_cursor))

Dataset find(Call& call) {
    auto dataset = call.services.datasets.get(call.id(), call.scope());
    if (!dataset) throw Error{Code::not_found};
    return std::move(*dataset);
}

http::Begun list(Call& call) {
    const auto page = call.services.datasets.list(call.scope(), list_request<datasets::ListRequest>(call, datasets::list_fields()));
    DatasetList out;
    for (const auto& dataset : page.items) out.items.push_back(dataset_view(dataset));
    out.next_cursor = page.next_cursor;
    return http::Response::json(200, to_json(out));
}

http::Begun remove(Call& call) {
    const auto dataset = find(call);
    datasets::Remove op;
    op.id = dataset.id;
    op.at = call.services.clock.now();
    call.services.ledger.commit(std::move(ledger::Commit{}.add(std::move(op))));
    return http::Response::empty(204);
}

http::Begun rejects(Call& call) {
    const auto dataset = find(call);
    if (dataset.rejects_blob.empty()) {
        auto response = http::Response::text(200, "");
        response.headers.set("Content-Type", "application/x-ndjson");
        return response;
    }
    return blob_download(call, dataset.rejects_blob, dataset.name + ".rejects.ndjson", "application/x-ndjson");
}

}  // namespace

DatasetView dataset_view(const Dataset& dataset) {
    DatasetView view;
    view.id = dataset.id;
    view.job_id = dataset.job_id;
    view.name = dataset.name;
    view.filename = dataset.filename;
    view.supplier_id = dataset.supplier_id;
    view.format = dataset.format;
    view.sha256 = dataset.sha256;
    view.version = dataset.version;
    view.table = dataset.table;
    view.size_bytes = dataset.size_bytes;
    view.row_count = dataset.row_count;
    view.rows_in = dataset.rows_in;
    view.rows_rejected = dataset.rows_rejected;
    view.rows_reported = dataset.rows_reported;
    view.column_count = dataset.column_count;
    view.columns = dataset.columns;
    view.report = dataset.report;
    view.file_id = dataset.file_id;
    view.created_by = dataset.owner;
    view.created_at = dataset.created_at;
    view.series_id = dataset.series_id;
    view.parent_id = dataset.parent_id;
    view.mode = dataset.mode;
    view.key = dataset.key;
    view.contract = dataset.contract;
    view.changes = dataset.changes;
    const auto self = "/api/v2/datasets/" + dataset.id.str();
    view.links = {{"self", self},
                  {"rows", self + "/rows"},
                  {"export", self + "/export?format=ndjson"},
                  {"rejects", self + "/rejects"},
                  {"versions", self + "/versions"},
                  {"lineage", self + "/lineage"},
                  {"job", "/api/v2/jobs/" + dataset.job_id.str()},
                  {"file", "/api/v2/files/" + dataset.file_id.str() + "/content"}};
    return view;
}

void add_datasets(Table& table) {
    const Reply not_found = reply_error(404, "No such dataset of yours");
    table.add("GET", "/api/v2/datasets", http::Lane::reads,
              {.id = "listDatasets", .summary = "Datasets, newest first", .tag = "datasets",
               .parameters = {query_filter(), query_sort(), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page", json_schema<DatasetList>()}, reply_error(400, "A parameter is not valid")}},
              list);
    table.add("GET", "/api/v2/datasets/{id}", http::Lane::reads,
              {.id = "getDataset", .summary = "One dataset: schema, profile, what was decided and what was left out", .tag = "datasets",
               .parameters = {path_id("dataset"), query_scope()}, .replies = {{200, "The dataset", json_schema<DatasetView>()}, not_found}},
              [](Call& call) { return http::Response::json(200, to_json(dataset_view(find(call)))); });
    table.add("DELETE", "/api/v2/datasets/{id}", http::Lane::commits,
              {.id = "deleteDataset", .summary = "Remove a dataset; its file stays", .tag = "datasets", .parameters = {path_id("dataset"), query_scope()},
               .replies = {{204, "Removed", nullptr}, not_found}},
              remove);
    table.add("GET", "/api/v2/datasets/{id}/rows", http::Lane::files,
              {.id = "listDatasetRows", .summary = "Rows as JSON objects, filtered and sorted, page by page", .tag = "datasets",
               .parameters = {path_id("dataset"),
                              {.name = "filter", .in = "query", .description = "Conditions on columns, e.g. town:Delft price:>=10; a page may then hold fewer rows than limit while next_cursor goes on"},
                              {.name = "sort", .in = "query", .description = "Columns, - for downwards, e.g. -price,town; without it the order of the file"},
                              {.name = "columns", .in = "query", .description = "The columns wanted, with commas between them; names with commas in quotes"},
                              query_limit(), query_cursor(),
                              {.name = "offset", .in = "query", .description = "Begin at this row of the file, counted from 0; a cursor wins", .schema = json::object{{"type", "integer"}, {"minimum", 0}}},
                              query_scope()},
               .replies = {{200, "One page", json::object{{"type", "object"}}}, reply_error(400, "A parameter is not valid"), not_found,
                           reply_error(422, "Too many rows to sort")}},
              [](Call& call) { return rows_page(call, find(call)); });
    table.add("GET", "/api/v2/datasets/{id}/export", http::Lane::files,
              {.id = "exportDataset", .summary = "The whole dataset, written while it is sent: for what does not stream, and for a file that stays, see createExport", .tag = "datasets",
               .parameters = {path_id("dataset"),
                              {.name = "format", .in = "query", .description = "csv, tsv, json, ndjson (jsonl), xml, sql, markdown or parquet", .schema = json::object{{"type", "string"}, {"default", "ndjson"}}},
                              {.name = "values", .in = "query", .description = "original: as they stood in the file (csv, tsv); typed: numbers and ISO dates (all others)"},
                              {.name = "formulas", .in = "query", .description = "raw: texts that a spreadsheet takes for formulas stay as they are; else csv and tsv put an apostrophe in front"},
                              {.name = "compression", .in = "query", .description = "none, gzip or zstd"}, query_scope()},
               .replies = {{200, "The rows", nullptr, "application/x-ndjson"}, reply_error(400, "The format or an option is not known"), not_found}},
              [](Call& call) { return export_download(call, find(call)); });
    table.add("GET", "/api/v2/datasets/{id}/rejects", http::Lane::files,
              {.id = "getDatasetRejects", .summary = "Rows that did not become rows: line, byte offset, code, reason, raw text", .tag = "datasets",
               .parameters = {path_id("dataset"), query_scope()},
               .replies = {{200, "One JSON object a line", nullptr, "application/x-ndjson"}, not_found}},
              rejects);
}

}  // namespace millrace::api::v2
