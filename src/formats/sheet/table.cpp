#include "formats/sheet/table.hpp"

#include <algorithm>
#include <numeric>

#include "formats/csv/csv.hpp"
#include "formats/sheet/text.hpp"

namespace millrace::formats::sheet {
namespace {

struct Dialects {
    json::object given;     ///< what the reader of the text is told
    std::string no_use_of;  ///< keys that mean nothing here
};

Dialects dialects_of(const json::object& asked) {
    Dialects dialects;
    for (const auto& field : asked) {
        const std::string_view key = field.key();
        if (key != "delimiter" && key != "quote" && key != "escape" && key != "encoding") {
            dialects.given.emplace(key, field.value());
        } else {
            dialects.no_use_of.append(dialects.no_use_of.empty() ? "" : ", ").append(key);
        }
    }
    dialects.given.emplace("delimiter", std::string(1, SheetText::delimiter));
    dialects.given.emplace("quote", "\"");
    dialects.given.emplace("escape", "doubled");
    dialects.given.emplace("encoding", "utf-8");
    return dialects;
}

class Reader final : public TableReader {
public:
    Reader(const Sheet& sheet, std::unique_ptr<RowSource> rows, const ReadOptions& options)
        : sheet_{sheet}, dialects_{dialects_of(options.dialect)}, text_{std::move(rows), options},
          table_{csv::format().open(text_, {.dialect = dialects_.given,
                                            .on_reject = options.on_reject,
                                            .record_bytes_max = options.record_bytes_max,
                                            .columns_max = options.columns_max})} {}

    const std::vector<std::string>& names() const override { return table_->names(); }
    bool has_header() const override { return table_->has_header(); }
    const ReadReport& report() const override { return report_; }

    bool next(TextBatch& batch) override {
        const bool more = table_->next(batch);
        batch.bytes_consumed = more ? static_cast<std::uint64_t>(text_.progress() * static_cast<double>(sheet_.source_bytes)) : sheet_.source_bytes;
        if (!more) finish();
        return more;
    }

private:
    void finish() {
        report_ = table_->report();
        report_.bytes = sheet_.source_bytes;
        report_.blank_rows += text_.blank_rows_unwritten();
        report_.rows_reported += text_.blank_rows_unwritten();
        report_.rows_rejected += text_.rejected();
        report_.rows_in += text_.blank_rows_unwritten() + text_.rejected();
        json::object dialect{{"format", sheet_.format}, {"sheet", sheet_.name}, {"first_column", column_name(text_.first_column())}};
        for (const auto* key : {"header", "header_rows", "header_confidence", "columns"}) dialect.emplace(key, report_.dialect[key]);
        report_.dialect = std::move(dialect);
        if (!dialects_.no_use_of.empty()) report_.warnings.push_back("a workbook has no " + dialects_.no_use_of);
    }

    Sheet sheet_;
    Dialects dialects_;
    SheetText text_;
    std::unique_ptr<TableReader> table_;
    ReadReport report_;
};

}  // namespace

std::unique_ptr<TableReader> open_sheet(const Sheet& sheet, std::unique_ptr<RowSource> rows, const ReadOptions& options) {
    return std::make_unique<Reader>(sheet, std::move(rows), options);
}

std::vector<std::size_t> visible_first(std::vector<TableInfo>& tables) {
    std::vector<std::size_t> order(tables.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_partition(order, [&](std::size_t i) { return !tables[i].hidden; });
    std::vector<TableInfo> sorted;
    for (const auto i : order) sorted.push_back(std::move(tables[i]));
    tables = std::move(sorted);
    return order;
}

}  // namespace millrace::formats::sheet
