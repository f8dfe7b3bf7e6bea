#include "formats/csv/writer.hpp"

#include <algorithm>
#include <cstring>

#include "formats/detail/cells.hpp"

namespace millrace::formats {
namespace {

class CsvWriter final : public TableWriter {
public:
    CsvWriter(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& options, char delimiter, LineEnd line_end)
        : columns_{std::move(columns)}, out_{sink}, delimiter_{options.delimiter ? options.delimiter->front() : delimiter},
          line_end_{options.line_end.value_or(line_end) == LineEnd::crlf ? "\r\n" : "\n"},
          null_{options.null_text.value_or("")}, quote_all_{options.quoting == Quoting::all},
          safe_{options.formulas == Formulas::safe} {
        for (std::size_t c = 0; c < 256; ++c) special_[c] = c == '"' || c == '\r' || c == '\n' || c == static_cast<unsigned char>(delimiter_);
        if (options.bom.value_or(false)) out_.put("\xef\xbb\xbf");
        if (options.header.value_or(true)) put_header();
    }

    void write(const Rows& rows) override {
        for (auto row = rows.begin; row < rows.end; ++row) {
            for (std::size_t i = 0; i < columns_.size(); ++i) {
                if (i > 0) out_.put(delimiter_);
                put_cell(*rows.columns[i], i, row);
            }
            out_.put(line_end_);
            out_.settle();
        }
        report_.rows += rows.end - rows.begin;
    }

    void finish() override { out_.flush(); }
    const WriteReport& report() const override { return report_; }
    std::size_t pending() const override { return out_.pending(); }

private:
    void put_header() {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (i > 0) out_.put(delimiter_);
            const auto& label = columns_[i].label;
            // A heading without a name is nothing, not the empty text; alone it would be an empty line.
            if (label.empty() && columns_.size() > 1) continue;
            put_text(label, true);
        }
        out_.put(line_end_);
    }

    void put_cell(const Column& column, std::size_t index, std::size_t row) {
        if (column.is_null(row)) {
            // A row of one null would be an empty line, which readers pass over.
            out_.put(null_.empty() && columns_.size() == 1 ? std::string_view{"\"\""} : null_);
        } else if (column.type.is_text()) {
            // Text of a column of another type is a number or a date as it stood: no formula.
            put_text(column.text(row), columns_[index].type.is_text());
        } else {
            char value[value_bytes_max];
            const std::string_view text{value, static_cast<std::size_t>(put_value(value, column, row, columns_[index]) - value)};
            put_text(text, false);
        }
    }

    void put_text(std::string_view text, bool may_be_formula) {
        const bool formula = may_be_formula && safe_ && is_formula(text);
        report_.formulas_escaped += formula ? 1 : 0;
        // The quotes of an empty text tell it from a null.
        const bool quoted = quote_all_ || formula || text.empty() || (!null_.empty() && text == null_) ||
                            std::any_of(text.begin(), text.end(), [&](char c) { return special_[static_cast<unsigned char>(c)]; });
        if (!quoted) return out_.put(text);
        out_.put('"');
        if (formula) out_.put('\'');
        for (auto quote = text.find('"'); quote != text.npos; quote = text.find('"')) {
            out_.put(text.substr(0, quote + 1));
            out_.put('"');
            text.remove_prefix(quote + 1);
        }
        out_.put(text);
        out_.put('"');
    }

    const std::vector<WriteColumn> columns_;
    OutBuffer out_;
    const char delimiter_;
    const std::string_view line_end_;
    const std::string null_;
    const bool quote_all_;
    const bool safe_;
    bool special_[256];
    WriteReport report_;
};

constexpr std::string_view options[] = {"header", "delimiter", "quoting", "line_end", "bom", "null_text", "formulas"};
constexpr std::string_view tsv_options[] = {"header", "quoting", "line_end", "bom", "null_text", "formulas"};

std::unique_ptr<TableWriter> open_csv(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& how) {
    return std::make_unique<CsvWriter>(sink, std::move(columns), how, ',', LineEnd::crlf);
}
std::unique_ptr<TableWriter> open_tsv(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& how) {
    return std::make_unique<CsvWriter>(sink, std::move(columns), how, '\t', LineEnd::lf);
}

}  // namespace

const OutputFormat& csv::output() {
    static constexpr OutputFormat format{.name = "csv", .extension = ".csv", .media_type = "text/csv; charset=utf-8", .for_people = true,
                                         .text = true, .options = options, .open = open_csv};
    return format;
}

const OutputFormat& tsv::output() {
    static constexpr OutputFormat format{.name = "tsv", .extension = ".tsv", .media_type = "text/tab-separated-values; charset=utf-8",
                                         .for_people = true, .text = true, .options = tsv_options, .open = open_tsv};
    return format;
}

}  // namespace millrace::formats
