#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "formats/format.hpp"
#include "formats/types.hpp"

namespace millrace::formats {

BOOST_DEFINE_ENUM_CLASS(Compression, none, gzip, zstd)
BOOST_DEFINE_ENUM_CLASS(Quoting, minimal, all)
BOOST_DEFINE_ENUM_CLASS(LineEnd, crlf, lf)
BOOST_DEFINE_ENUM_CLASS(SqlStyle, insert, copy)
/// What becomes of texts that a spreadsheet would take for a formula. safe: they get an apostrophe in front.
BOOST_DEFINE_ENUM_CLASS(Formulas, safe, raw)

/// How a table is written. What is absent is as usual for the format; see `check` for what a format knows.
struct WriteOptions {
    Compression compression = Compression::none;
    std::optional<std::uint64_t> split_rows;   ///< a part has at most this many rows
    std::optional<std::uint64_t> split_bytes;  ///< a part that has reached this size, uncompressed, is followed by another
    std::optional<bool> header;                ///< default true
    std::optional<std::string> delimiter;      ///< one ASCII character
    std::optional<Quoting> quoting;            ///< default minimal
    std::optional<LineEnd> line_end;           ///< default crlf for csv, lf for tsv
    std::optional<bool> bom;                   ///< default false
    std::optional<std::string> null_text;      ///< default nothing; a text that is the same is quoted
    std::optional<Formulas> formulas;          ///< default raw here; whoever exports for people says safe
    std::optional<std::string> table;          ///< name of the table, sheet or root element
    std::optional<SqlStyle> style;             ///< default insert
};
BOOST_DESCRIBE_STRUCT(WriteOptions, (), (compression, split_rows, split_bytes, header, delimiter, quoting, line_end, bom,
                                         null_text, formulas, table, style))

/// A column as a writer has to know it.
struct WriteColumn {
    std::string name;   ///< unique within the table (also without regard to case), not empty
    std::string label;  ///< as it stood in the file, for formats that people read
    DataType type;      ///< of the values, also when they are handed over as text
    bool trimmed = false;            ///< decimal: only as many digits as are needed, "1.5" for 1.50
    std::uint8_t second_digits = 0;  ///< times: at least this many digits of a second

    bool operator==(const WriteColumn&) const = default;
};

/// Rows [begin, end) of a table, column by column. A column may hold text where its WriteColumn has another type: then
/// it is what stood in the file.
struct Rows {
    std::span<const Column* const> columns;
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// What had to be done to make the values fit. Nothing is altered without being counted here.
struct WriteReport {
    std::uint64_t rows = 0;
    std::uint64_t formulas_escaped = 0;
    /// By reason: "nul_replaced" (sql), "text_cut" (xlsx: a cell holds 32,767 characters), "invalid_utf8_replaced".
    std::map<std::string, std::uint64_t> altered;
};

/// Writes one table front to back in bounded memory. For one thread. Throws what the sink throws.
struct TableWriter {
    virtual ~TableWriter() = default;
    virtual void write(const Rows& rows) = 0;
    /// Writes what is still to come; nothing may be written afterwards.
    virtual void finish() = 0;
    /// Complete after `finish`; `rows` always.
    virtual const WriteReport& report() const = 0;
    /// Bytes that have been written and not yet handed to the sink.
    virtual std::size_t pending() const { return 0; }
};

/// A kind of file that can be written. A new one is a folder and one line in writers.cpp.
struct OutputFormat {
    std::string_view name;
    std::string_view extension;  ///< with its point
    std::string_view media_type;
    bool streams = true;     ///< what has been written leaves at once; false: all of it at the end
    bool for_people = false; ///< opened in spreadsheets
    bool text = false;       ///< a cell can be written exactly as it stood in the file
    std::span<const std::string_view> options;  ///< names in WriteOptions that it knows, beside compression and split_*
    std::unique_ptr<TableWriter> (*open)(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions& options) = nullptr;
};

/// All formats that can be written.
std::span<const OutputFormat* const> output_catalog();
/// By name, or by the alias jsonl; null when there is none.
const OutputFormat* find_output(std::string_view name);
/// "csv, tsv, json, ..."
std::string output_names();

/// What is wrong with the options for this format, below `pointer`.
std::vector<Issue> check(const OutputFormat& format, const WriteOptions& options, const std::string& pointer);

/// ".gz", ".zst" or nothing.
std::string_view compression_extension(Compression compression);

}  // namespace millrace::formats
