#include "api/v2/dataset_rows.hpp"

#include <cstring>

#include "api/download.hpp"
#include "blobs/source.hpp"
#include "datasets/rows.hpp"
#include "query/query.hpp"

namespace millrace::api::v2 {
namespace {

using BlobSource = blobs::AsSource<formats::Source>;

/// A dataset opened for reading.
struct Table {
    Table(Services& services, const datasets::Dataset& dataset)
        : data{services.blobs.open(dataset.table_blob)},
          texts{dataset.text_blob.empty() ? nullptr : std::make_unique<BlobSource>(services.blobs.open(dataset.text_blob))},
          rows{data, texts.get(), columns_of(dataset)} {}

    static std::vector<datasets::ColumnInfo> columns_of(const datasets::Dataset& dataset) {
        std::vector<datasets::ColumnInfo> columns;
        std::vector<Issue> issues;
        read_json(json::value(dataset.columns), columns, issues, "", true);
        return columns;
    }

    BlobSource data;
    std::unique_ptr<BlobSource> texts;
    datasets::RowReader rows;
};

struct StringSink final : formats::Sink {
    std::string text;
    void write(std::string_view bytes) override { text += bytes; }
};

enum class As { ndjson, csv };

/// Produces the text of a dataset a few thousand rows at a time, as the client takes it.
class Export {
public:
    Export(Services& services, const datasets::Dataset& dataset, As as) : table_{services, dataset}, as_{as} {}

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
        const bool first = next_ == 0;
        // A table without rows still has a header.
        if (next_ >= table_.rows.rows() && !(first && as_ == As::csv && !headed_)) return false;
        sink_.text.clear();
        at_ = 0;
        const datasets::RowReader::Range range{next_, rows_at_once};
        if (as_ == As::csv) table_.rows.write_csv(range, {.header = first}, sink_);
        else table_.rows.write_ndjson(range, sink_);
        headed_ = true;
        next_ += rows_at_once;
        return !sink_.text.empty();
    }

    Table table_;
    const As as_;
    StringSink sink_;
    std::size_t at_ = 0;
    std::uint64_t next_ = 0;
    bool headed_ = false;
};

}  // namespace

http::Response rows_page(Call& call, const datasets::Dataset& dataset) {
    const int limit = limit_of(call.request);
    const auto list = "rows|" + dataset.id.str();
    std::uint64_t first = 0;
    if (const auto cursor = call.request.query_value("cursor")) {
        const auto values = query::decode_cursor(list, *cursor);
        const auto* at = values.size() == 1 ? std::get_if<std::int64_t>(&values[0]) : nullptr;
        if (!at || *at < 0) throw Error{Code::invalid_parameter, {{"name", "cursor"}, {"why", "it is not one of this list"}}};
        first = static_cast<std::uint64_t>(*at);
    }
    Table table{call.services, dataset};
    std::string body = R"({"items":)";
    table.rows.append_json({first, static_cast<std::uint64_t>(limit)}, body);
    const auto next = first + static_cast<std::uint64_t>(limit);
    body += R"(,"next_cursor":)";
    if (next < table.rows.rows()) {
        const query::CursorValue at = static_cast<std::int64_t>(next);
        json::append_string(body, query::encode_cursor(list, {&at, 1}));
    } else {
        body += "null";
    }
    body += '}';
    return http::Response::json(200, std::move(body));
}

http::Begun export_download(Call& call, const datasets::Dataset& dataset) {
    const auto format = std::string{call.request.query_value("format").value_or("ndjson")};
    if (format == "parquet") {
        return blob_download(call, dataset.table_blob, dataset.name + ".parquet", "application/vnd.apache.parquet");
    }
    const bool csv = format == "csv";
    if (!csv && format != "ndjson" && format != "jsonl") {
        throw Error{Code::invalid_parameter, {{"name", "format"}, {"why", "expected ndjson, jsonl, csv or parquet"}}};
    }
    const auto body = std::make_shared<Export>(call.services, dataset, csv ? As::csv : As::ndjson);
    http::Download download;
    download.read = [body](std::uint64_t, std::span<char> into) { return body->read(into); };
    download.content_type = csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
    download.filename = dataset.name + (csv ? ".csv" : ".ndjson");
    return download;
}

}  // namespace millrace::api::v2
