#include "datasets/convert.hpp"

#include <algorithm>

#include "base/describe.hpp"
#include "datasets/transcode.hpp"
#include "formats/csv/csv.hpp"

namespace millrace::datasets {
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

/// Cells as they stood, through any writer of text.
formats::ReadReport write_texts(formats::TableReader& reader, const ExportPlan& plan, const formats::OpenPart& open, formats::Manifest& manifest,
                                const BuildOptions& how_read) {
    auto how = plan.options;
    const bool knows_header = std::ranges::find(plan.format->options, "header") != plan.format->options.end();
    if (knows_header && !reader.has_header()) how.header = false;  // none is invented
    std::vector<formats::WriteColumn> columns;
    const auto unique = unique_names(reader.names());
    for (std::size_t i = 0; i < unique.size(); ++i) columns.push_back({.name = unique[i], .label = reader.names()[i], .type = {}});
    formats::Output output{*plan.format, columns, how, open};
    std::vector<formats::Column> texts(columns.size());
    std::vector<const formats::Column*> row_group;
    for (const auto& text : texts) row_group.push_back(&text);
    for (formats::TextBatch batch; reader.next(batch);) {
        for (std::size_t column = 0; column < texts.size(); ++column) {
            texts[column].clear();
            for (std::size_t row = 0; row < batch.rows; ++row) {
                const auto& cell = batch.at(row, column);
                if (cell.size == 0 && !cell.quoted) texts[column].push_null();
                else texts[column].push(cell.text());
            }
        }
        output.write({row_group, 0, batch.rows});
        if (how_read.stop.stop_requested()) throw Error{Code::cancelled};
        if (how_read.on_progress) how_read.on_progress(batch.bytes_consumed, batch.first_row + batch.rows);
    }
    output.finish();
    manifest = output.manifest();
    return reader.report();
}

formats::ReadReport read_report(const BuildReport& report) {
    return {.bytes = report.bytes, .rows_in = report.rows_in, .rows_out = report.rows_out, .rows_rejected = report.rows_rejected,
            .rows_reported = report.rows_reported, .header_rows = report.header_rows, .preamble_rows = report.preamble_rows,
            .footnote_rows = report.footnote_rows, .blank_rows = report.blank_rows, .other_table_rows = report.other_table_rows,
            .rows_repaired = report.rows_repaired, .dialect = report.dialect, .warnings = report.warnings};
}

}  // namespace

bool is_plain_csv(const ExportPlan& plan) {
    formats::WriteOptions plain;
    plain.formulas = plan.options.formulas;
    return plan.format->name == "csv" && plan.values == Values::original && plan.options.formulas == formats::Formulas::raw &&
           to_json(plan.options) == to_json(plain);
}

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

Converted convert(formats::Source& source, std::string_view filename, const formats::ReadOptions& options, const ExportPlan& plan,
                  const ConvertOutput& output, const BuildOptions& how) {
    const auto& format = formats::recognise(source, filename, options.dialect);
    Converted done;
    if (plan.values == Values::original) {
        const auto reader = &format == &formats::csv::format() ? formats::csv::open_keeping(source, options) : format.open(source, options);
        done.read = write_texts(*reader, plan, output.open, done.manifest.emplace(), how);
        return done;
    }
    const auto open = [&](std::function<void(formats::Reject)> on_reject) {
        auto with_rejects = options;
        with_rejects.on_reject = std::move(on_reject);
        return format.open(source, with_rejects);
    };
    const auto open_writer = [&](std::vector<formats::WriteColumn> columns) {
        output.restart();
        return std::make_unique<formats::Output>(*plan.format, std::move(columns), plan.options, output.open);
    };
    const auto result = transcode(open, open_writer, how);
    done.read = read_report(result.report);
    done.manifest = static_cast<const formats::Output&>(*result.writer).manifest();
    return done;
}

}  // namespace millrace::datasets
