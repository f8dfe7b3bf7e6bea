#pragma once

#include "datasets/build.hpp"

namespace millrace::datasets {

BOOST_DEFINE_ENUM_CLASS(Severity, error, warning, info)

/// Something about a table that a person should know before working with it.
struct Finding {
    Severity severity = Severity::info;
    std::string code;  ///< stable word: "rows_rejected", "mixed_types", "constant_column", ...
    std::optional<std::string> column;
    std::uint64_t count = 0;  ///< rows or cells concerned
    std::string detail;       ///< for people, English
};
BOOST_DESCRIBE_STRUCT(Finding, (), (severity, code, column, count, detail))

/// A column that could identify the rows.
struct KeyCandidate {
    std::string column;
    bool certain = false;  ///< every value was counted; else the number of different ones is an estimate
};
BOOST_DESCRIBE_STRUCT(KeyCandidate, (), (column, certain))

/// What is known of a table after one reading: structure, dialect, schema, profile, and what follows from them.
struct Analysis {
    std::string format;
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;
    std::uint64_t column_count = 0;
    bool has_header = true;
    json::object dialect;
    std::vector<Finding> quality;  ///< the worst first
    std::vector<KeyCandidate> keys;
    std::vector<ColumnInfo> columns;  ///< with the types that suit the data
    std::vector<ColumnProfile> profile;
    BuildReport report;
};
BOOST_DESCRIBE_STRUCT(Analysis, (), (format, bytes, rows, column_count, has_header, dialect, quality, keys, columns, profile, report))

Analysis analyse(std::string_view format, BuildResult result);

/// Reads a whole table and keeps nothing of it but what is known of it.
Analysis analyse(const formats::Format& format, formats::Source& source, const formats::ReadOptions& read, BuildOptions options = {});

/// The analysis for people, as Markdown.
std::string markdown(const Analysis& analysis, std::string_view filename);

}  // namespace millrace::datasets
