#include "cli/converting.hpp"

#include "formats/csv/csv.hpp"

namespace millrace::cli {
namespace {

bool needs_quotes(std::string_view text) {
    for (const char c : text) {
        if (c == ',' || c == '"' || c == '\n' || c == '\r') return true;
    }
    return false;
}

/// `alone`: the only cell of its line. A line that is nothing but empty would read as no line.
void append_cell(std::string& out, std::string_view text, bool alone) {
    if (text.empty() && alone) out += "\"\"";
    if (!needs_quotes(text)) {
        out += text;
        return;
    }
    out += '"';
    for (auto at = text.find('"'); at != text.npos; at = text.find('"')) {
        out += text.substr(0, at + 1);
        out += '"';
        text.remove_prefix(at + 1);
    }
    out += text;
    out += '"';
}

}  // namespace

formats::ReadReport write_csv(formats::TableReader& reader, formats::Sink& out) {
    std::string lines;
    if (const auto& names = reader.names(); reader.has_header()) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (i > 0) lines += ',';
            append_cell(lines, names[i], names.size() == 1);
        }
        lines += "\r\n";
    }
    for (formats::TextBatch batch; reader.next(batch);) {
        const auto* cell = batch.cells.data();
        for (std::size_t row = 0; row < batch.rows; ++row) {
            for (std::size_t column = 0; column < batch.columns; ++column, ++cell) {
                if (column > 0) lines += ',';
                append_cell(lines, cell->text(), batch.columns == 1);
            }
            lines += "\r\n";
        }
        out.write(lines);
        lines.clear();
    }
    out.write(lines);
    return reader.report();
}

formats::ReadReport convert_to_csv(formats::Source& source, std::string_view filename, const formats::ReadOptions& options,
                                   formats::Sink& out) {
    if (source.size() == 0) return formats::csv::convert(source, out, options);
    const auto& format = formats::recognise(source, filename, options.dialect);
    // Delimited text has a way of its own, which keeps also the rows that an import would refuse.
    if (&format == &formats::csv::format()) return formats::csv::convert(source, out, options);
    return write_csv(*format.open(source, options), out);
}

}  // namespace millrace::cli
