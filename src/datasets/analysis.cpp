#include "datasets/analysis.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace millrace::datasets {
namespace {

class Findings {
public:
    template <class... T>
    void add(Severity severity, const char* code, std::uint64_t count, fmt::format_string<T...> detail, T&&... values) {
        found_.push_back({severity, code, column_, count, fmt::format(detail, std::forward<T>(values)...)});
    }
    /// What is added from now on is about this column.
    void about(const std::string& column) { column_ = column; }

    std::vector<Finding> take() {
        std::ranges::stable_sort(found_, {}, &Finding::severity);
        return std::move(found_);
    }

private:
    std::vector<Finding> found_;
    std::optional<std::string> column_;
};

void judge_rows(Findings& findings, const BuildReport& report) {
    const auto count = [&](Severity severity, const char* code, std::uint64_t number, std::string_view what) {
        if (number > 0) findings.add(severity, code, number, "{} {}", number, what);
    };
    count(Severity::error, "rows_rejected", report.rows_rejected, "rows could not be read as rows of this table");
    count(Severity::warning, "rows_repaired", report.rows_repaired, "rows were damaged and have been repaired");
    count(Severity::warning, "other_tables", report.other_table_rows, "rows belong to other tables of the file");
    count(Severity::info, "preamble", report.preamble_rows, "rows stand before the table");
    count(Severity::info, "footnotes", report.footnote_rows, "rows stand after the table");
    count(Severity::info, "blank_rows", report.blank_rows, "rows are blank");
    if (!report.has_header) findings.add(Severity::warning, "no_header", 1, "The table has no header: its columns are numbered");
    if (report.header_rows > 1) findings.add(Severity::info, "stacked_header", report.header_rows, "The header has {} rows", report.header_rows);
    for (const auto& warning : report.warnings) findings.add(Severity::warning, "reading", 1, "{}", warning);
}

void judge_names(Findings& findings, const std::vector<ColumnInfo>& columns) {
    for (const auto& column : columns) {
        findings.about(column.name);
        if (column.original_name.empty()) findings.add(Severity::warning, "unnamed_column", 1, "The column has no name in the file");
        else if (column.original_name != column.name && column.name.starts_with(column.original_name)) {
            findings.add(Severity::warning, "duplicate_name", 1, "\"{}\" is the name of an earlier column too", column.original_name);
        }
    }
}

void judge_values(Findings& findings, const ColumnProfile& column, std::uint64_t rows) {
    findings.about(column.name);
    if (rows == 0) return;
    if (column.count == 0) return findings.add(Severity::warning, "empty_column", column.nulls, "The column has no values");
    if (column.distinct == 1 && rows > 1 && column.nulls == 0) {
        findings.add(Severity::info, "constant_column", rows, "Every row has the same value");
    }
    if (column.nulls > 0) {
        findings.add(column.nulls * 2 > rows ? Severity::warning : Severity::info, "nulls", column.nulls, "{} of {} rows have no value", column.nulls, rows);
    }
    // Nearly unique is a key that somebody broke; below a hundred rows it may as well be chance.
    if (rows >= 100 && column.top_exact && column.count == rows && column.distinct < rows && column.distinct * 100 >= rows * 99) {
        findings.add(Severity::warning, "nearly_unique", rows - column.distinct, "All but {} values are different", rows - column.distinct);
    }
}

void judge_widenings(Findings& findings, const std::vector<Widening>& widenings) {
    for (const auto& one : widenings) {
        findings.about(one.column);
        findings.add(Severity::warning, "mixed_types", 1, "It would be {} but for row {}: \"{}\"", word(one.from), one.row + 1, one.text);
    }
}

std::vector<KeyCandidate> keys_among(const std::vector<ColumnProfile>& columns, std::uint64_t rows) {
    std::vector<KeyCandidate> keys;
    if (rows < 2) return keys;
    for (const auto& column : columns) {
        if (column.count != rows) continue;
        const bool certain = column.top_exact && column.distinct == rows;
        // 1.6 % is the standard error of the estimate; a repeated value that has been seen disproves a key.
        const bool likely = !column.top_exact && column.distinct * 100 >= rows * 95 && (column.top.empty() || column.top.front().count <= 1);
        if (certain || likely) keys.push_back({column.name, certain});
    }
    return keys;
}

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|' || c == '\\') out += '\\';
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return out;
}

void append_quality(std::string& out, const Analysis& analysis) {
    out += "\n## Quality\n\n";
    if (analysis.quality.empty()) out += "Nothing to report.\n";
    for (const auto& finding : analysis.quality) {
        out += fmt::format("- {}: {}{}\n", word(finding.severity), finding.column ? "`" + *finding.column + "`: " : "", finding.detail);
    }
}

void append_columns(std::string& out, const Analysis& analysis) {
    out += "\n## Columns\n\n| column | type | values | no value | different | smallest | largest | most frequent |\n|---|---|---|---|---|---|---|---|\n";
    for (const auto& column : analysis.profile) {
        out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", cell(column.name), word(column.type), column.count, column.nulls, column.distinct,
                           cell(column.min.value_or("")), cell(column.max.value_or("")), column.top.empty() ? "" : cell(column.top.front().value));
    }
}

/// Typed rows that nobody wants.
struct Nowhere final : formats::Sink {
    void write(std::string_view) override {}
};

}  // namespace

Analysis analyse(std::string_view format, BuildResult result) {
    Analysis analysis;
    analysis.format = format;
    analysis.bytes = result.report.bytes;
    analysis.rows = result.rows;
    analysis.column_count = result.columns.size();
    analysis.has_header = result.report.has_header;
    analysis.dialect = result.report.dialect;
    Findings findings;
    judge_rows(findings, result.report);
    judge_names(findings, result.columns);
    judge_widenings(findings, result.report.widenings);
    for (const auto& column : result.profile.columns) judge_values(findings, column, result.rows);
    analysis.quality = findings.take();
    analysis.keys = keys_among(result.profile.columns, result.rows);
    analysis.columns = std::move(result.columns);
    analysis.profile = std::move(result.profile.columns);
    analysis.report = std::move(result.report);
    return analysis;
}

Analysis analyse(const formats::Format& format, formats::Source& source, const formats::ReadOptions& read, BuildOptions options) {
    options.source_bytes = source.size();
    Nowhere nowhere;
    const auto open = [&](std::function<void(formats::Reject)> on_reject) {
        auto one = read;
        one.on_reject = std::move(on_reject);
        return format.open(source, one);
    };
    return analyse(format.name(), build(open, {.data = &nowhere, .texts = &nowhere, .rejects = nullptr, .restart = [] {}}, options));
}

std::string markdown(const Analysis& analysis, std::string_view filename) {
    auto out = fmt::format("# {}\n\n{} rows, {} columns, {} bytes, read as {}", cell(filename), analysis.rows, analysis.column_count, analysis.bytes, analysis.format);
    if (!analysis.dialect.empty()) out += fmt::format(" `{}`", json::serialize(analysis.dialect));
    out += ".\n";
    for (const auto& key : analysis.keys) {
        out += fmt::format("\n`{}` {} the rows.\n", key.column, key.certain ? "identifies" : "probably identifies");
    }
    append_quality(out, analysis);
    append_columns(out, analysis);
    return out;
}

}  // namespace millrace::datasets
