#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace millrace::formats {

/// Bytes that can be read from any offset: a blob, a local file. Safe to read from several threads.
struct Source {
    virtual ~Source() = default;
    virtual std::uint64_t size() const = 0;
    /// Reads up to `into.size()` bytes at `offset`; fewer only at the end. Throws Error{storage_failed}.
    virtual std::size_t read(std::uint64_t offset, std::span<char> into) = 0;
};

/// Where written bytes go, in order. Throws Error{storage_failed | storage_full}.
struct Sink {
    virtual ~Sink() = default;
    virtual void write(std::string_view bytes) = 0;
};

/// One cell as it stood in the file, quotes removed and doubled quotes undone. An unquoted empty cell is null;
/// a quoted empty cell is the empty string.
struct Cell {
    const char* data = nullptr;
    std::uint32_t size = 0;
    bool quoted = false;

    std::string_view text() const { return {data, size}; }
};

/// Rows of cells, row-major, every row `columns` wide. The memory belongs to the reader and is valid until its
/// next call.
struct TextBatch {
    std::size_t columns = 0;
    std::size_t rows = 0;
    std::uint64_t first_row = 0;       ///< number of the first row among the rows delivered, from 0
    std::uint64_t bytes_consumed = 0;  ///< of the source, up to the end of this batch; drives progress
    std::vector<Cell> cells;

    const Cell& at(std::size_t row, std::size_t column) const { return cells[row * columns + column]; }
};

/// A row (or a part of the file) that did not become a row of the table.
struct Reject {
    std::uint64_t line = 0;         ///< from 1, physical line of the file where it starts
    std::uint64_t byte_offset = 0;  ///< of its first byte in the file as it was sent
    std::optional<std::uint32_t> column;
    std::string code;    ///< stable word: "too_few_fields", "too_many_fields", "invalid_utf8", "unclosed_quote", ...
    std::string reason;  ///< for people, English
    std::string raw;     ///< the bytes as they stood, cut at 64 KiB
};

/// What happened to every row and byte: rows_in = rows_out + rows_rejected + rows_reported.
struct ReadReport {
    std::uint64_t bytes = 0;          ///< of the source
    std::uint64_t rows_in = 0;        ///< records found in the source, header included
    std::uint64_t rows_out = 0;       ///< rows delivered in batches
    std::uint64_t rows_rejected = 0;  ///< one Reject each
    std::uint64_t rows_reported = 0;  ///< header, preamble, footnote, blank and other-table records: counted below
    std::uint64_t header_rows = 0;
    std::uint64_t preamble_rows = 0;
    std::uint64_t footnote_rows = 0;
    std::uint64_t blank_rows = 0;
    std::uint64_t other_table_rows = 0;
    std::uint64_t rows_repaired = 0;  ///< among rows_out: delivered after a row-local repair, each one noted
    json::object dialect;             ///< what was decided, e.g. delimiter, quote, encoding, confidence
    std::vector<std::string> warnings;
};

/// One of the tables of a file: a sheet, a block of rows, an element that repeats.
struct TableInfo {
    std::string name;  ///< empty where the format knows no names
    bool hidden = false;
};

/// Overrides of what would be found out; absent means automatic.
struct ReadOptions {
    std::size_t table = 0;  ///< which of Format::tables to read
    json::object dialect;  ///< e.g. {"delimiter": ";", "quote": "'", "encoding": "windows-1252", "header": false}
    std::function<void(Reject)> on_reject;  ///< called in order of the file; may be empty
    std::uint64_t record_bytes_max = 64 << 20;  ///< of text; a longer record ends the file with Error{line_too_long}
    std::uint32_t columns_max = 20'000;         ///< more end the file with Error{too_many_columns}
    std::stop_token stop;  ///< ends a child that reads the file, with Error{cancelled}; in this process the source can throw
};

/// Reads one table as text, in one pass and bounded memory.
struct TableReader {
    virtual ~TableReader() = default;
    /// Names of the columns as they stood; generated ones ("column_1") when the file has no header.
    virtual const std::vector<std::string>& names() const = 0;
    virtual bool has_header() const = 0;
    /// The next rows; false at the end. Throws Error when the file as a whole is not usable.
    virtual bool next(TextBatch& batch) = 0;
    /// Complete after `next` has answered false.
    virtual const ReadReport& report() const = 0;
    /// Where it stands between two batches (state.hpp), as `go_on` takes it; nothing where a format cannot do that.
    virtual std::optional<std::string> position() { return std::nullopt; }
    /// Goes on where another reader of the same bytes, opened with the same options, stood: from there on both give the
    /// same batches. Called before the first `next`.
    virtual void go_on(std::string_view /*position*/) {}
};

/// A kind of file. A new one is a new folder and one line in catalog.cpp.
struct Format {
    virtual ~Format() = default;
    virtual std::string_view name() const = 0;
    virtual std::string_view media_type() const = 0;
    virtual std::span<const std::string_view> extensions() const = 0;
    /// How sure this format is that bytes starting with `head` (up to 64 KiB of `size`) are its own: 0 to 1.
    virtual double recognise(std::string_view head, std::uint64_t size, std::string_view filename) const = 0;
    /// Do overrides say that a file is of this format, whatever its bytes look like?
    virtual bool is_meant(const json::object& /*dialect*/) const { return false; }
    /// The tables of the file, the main one first; at least one. Throws like `open`.
    virtual std::vector<TableInfo> tables(Source&, const ReadOptions&) const { return {{}}; }
    /// Does reading the main table tell whether there are others (`other_table_rows`)? Where it does not, `tables` costs little.
    virtual bool counts_other_tables() const { return true; }
    virtual std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const = 0;
};

/// All formats, in the order in which they are asked.
std::span<const Format* const> catalog();

/// The formats that run in a child process, as they are inside of it.
std::span<const Format* const> confined();

/// The format that `dialect` means, or else the one that is surest of the bytes. Throws Error{empty_file | not_text |
/// unsupported_format}.
const Format& recognise(Source& source, std::string_view filename, const json::object& dialect = {});

}  // namespace millrace::formats
