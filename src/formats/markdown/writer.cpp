#include "formats/markdown/writer.hpp"

#include "formats/detail/cells.hpp"

namespace millrace::formats::markdown {
namespace {

class MarkdownWriter final : public TableWriter {
public:
    MarkdownWriter(Sink& sink, std::vector<WriteColumn> columns) : columns_{std::move(columns)}, out_{sink}, texts_{report_} {
        for (const auto& column : columns_) {
            out_.put("| ");
            put_text(with_valid_utf8(column.label));
            out_.put(' ');
        }
        out_.put("|\n");
        for (const auto& column : columns_) out_.put(is_number(column.type) ? "| ---: " : "| --- ");
        out_.put("|\n");
    }

    void write(const Rows& rows) override {
        texts_.look_at(rows);
        for (auto row = rows.begin; row < rows.end; ++row) {
            for (std::size_t i = 0; i < columns_.size(); ++i) {
                out_.put("| ");
                put_cell(*rows.columns[i], i, row);
                out_.put(' ');
            }
            out_.put("|\n");
            out_.settle();
        }
        report_.rows += rows.end - rows.begin;
    }

    void finish() override { out_.flush(); }
    const WriteReport& report() const override { return report_; }
    std::size_t pending() const override { return out_.pending(); }

private:
    static bool is_number(const DataType& type) {
        return type.type == Type::int64 || type.type == Type::decimal || type.type == Type::float64;
    }

    void put_cell(const Column& column, std::size_t index, std::size_t row) {
        if (column.is_null(row)) return;
        if (column.type.is_text()) return put_text(texts_.text(column, index, row));
        char* to = out_.room(value_bytes_max);
        out_.set_end(put_value(to, column, row, columns_[index]));
    }

    void put_text(std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto c = static_cast<unsigned char>(text[i]);
            // Blanks at the ends would be cut off.
            const bool edge = c == ' ' && (i == 0 || i + 1 == text.size());
            if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') out_.put("&#13;");
            else if (c == '\n') out_.put("<br>");
            else if (edge || (c < 0x20 && c != '\0') || c == 0x7f) out_.put("&#" + std::to_string(c) + ";");
            else if (c == '\0') out_.put("\xef\xbf\xbd"), ++report_.altered["nul_replaced"];
            else if (c == '&') out_.put("&amp;");
            else if (c == '<') out_.put("&lt;");
            else {
                if (std::string_view{"|\\`*_[]~"}.find(text[i]) != std::string_view::npos) out_.put('\\');
                out_.put(text[i]);
            }
        }
    }

    const std::vector<WriteColumn> columns_;
    OutBuffer out_;
    WriteReport report_;
    Utf8Texts texts_;
};

std::unique_ptr<TableWriter> open(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions&) {
    return std::make_unique<MarkdownWriter>(sink, std::move(columns));
}

}  // namespace

const OutputFormat& output() {
    static constexpr OutputFormat format{.name = "markdown", .extension = ".md", .media_type = "text/markdown; charset=utf-8", .text = true, .open = open};
    return format;
}

}  // namespace millrace::formats::markdown
