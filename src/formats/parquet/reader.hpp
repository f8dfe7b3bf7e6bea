#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.hpp"
#include "formats/parquet/metadata.hpp"
#include "formats/parquet/writer.hpp"
#include "formats/types.hpp"

namespace millrace::formats::parquet {

/// What a file may make us allocate.
struct ReaderLimits {
    std::size_t footer_bytes_max = 128u << 20;
    std::size_t page_bytes_max = 128u << 20;  ///< uncompressed
    std::size_t text_bytes_max = 512u << 20;  ///< in the Column given to one `read`
    bool nested = false;  ///< nested columns are no error: they are read by `entries`, others by `column`
};

struct Leaf;

/// A field of the schema: a leaf, or a group of others.
struct Node {
    std::string name;
    Meaning meaning = Meaning::none;
    std::int32_t repetition = 0;  ///< 0 required, 1 optional, 2 repeated
    std::uint32_t def = 0;        ///< definition level at which one of it is there
    std::uint32_t rep = 0;        ///< repetition level of its further ones, when it is repeated
    std::size_t first_leaf = 0;   ///< of the leaves in it, which follow each other
    std::size_t leaves = 1;
    std::vector<Node> children;

    bool is_leaf() const { return children.empty(); }
};

/// Reads one column front to back, from any row on. Holds one decompressed page and the dictionary of the row group.
/// For one thread; the Reader it comes from must outlive it.
class ColumnReader {
public:
    ~ColumnReader();
    ColumnReader(ColumnReader&&) noexcept;
    ColumnReader& operator=(ColumnReader&&) noexcept;

    /// The next row to be read. Going forward skips pages without decompressing them.
    void seek(std::uint64_t row);
    /// Appends up to `count` rows to `out` and returns how many; fewer only at the end. `out` has the type of the
    /// field, or is empty and gets it. Throws Error{malformed_file | unsupported_format}.
    std::size_t read(std::size_t count, Column& out);

private:
    friend class Reader;
    friend class EntryReader;
    struct State;
    explicit ColumnReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Reads a leaf as it is stored, level by level, for those who put nested values together. For one thread; the Reader it
/// comes from must outlive it.
class EntryReader {
public:
    ~EntryReader();
    EntryReader(EntryReader&&) noexcept;

    /// Is there an entry? Then `rep`, `def` and, where `def` is that of a value, `value` say what it is.
    bool more();
    std::uint32_t rep() const { return reps_[at_]; }
    std::uint32_t def() const { return defs_[at_]; }
    const Column& values() const { return values_; }
    std::size_t value() const { return value_; }  ///< its place in `values`
    const Leaf& leaf() const;
    void consume();

private:
    friend class Reader;
    explicit EntryReader(std::unique_ptr<ColumnReader::State> state);
    void fill();

    std::unique_ptr<ColumnReader::State> state_;
    std::vector<std::uint32_t> reps_, defs_;
    Column values_;
    std::size_t at_ = 0;
    std::size_t value_ = 0;
};

/// No value of a column in a row group lies outside; which members count depends on the type of the column.
struct Bounds {
    std::int64_t int_min = 0, int_max = 0;      ///< what is kept in Column::ints
    double float_min = 0, float_max = 0;
    std::string text_min, text_max;             ///< bytes; may be shorter than the values
};

/// Reads flat Parquet files: ours, and those of other writers (PLAIN, dictionary, RLE and delta encodings, data pages
/// v1 and v2, zstd, snappy, gzip, brotli, lz4, uncompressed; checks the CRC of pages that have one). Whatever the bytes are, it ends with
/// values or with an Error, in bounded memory. Types without a counterpart become text where that is exact (unsigned
/// 64-bit, decimals of more than 18 digits); nanoseconds are rounded down to microseconds.
class Reader {
public:
    /// Reads the footer. `source` must outlive the reader. Throws Error{malformed_file | unsupported_format}.
    explicit Reader(Source& source, ReaderLimits limits = {});
    ~Reader();
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;

    const std::vector<Field>& fields() const;
    std::uint64_t rows() const;
    std::size_t groups() const;
    std::uint64_t group_rows(std::size_t group) const;
    /// Bounds of a column in a row group, when the file tells and there are values.
    std::optional<Bounds> bounds(std::size_t group, std::size_t column) const;
    /// Nothing but nulls stands there, as far as the file tells.
    bool all_null(std::size_t group, std::size_t column) const;
    /// Value of a key of the file's properties.
    std::optional<std::string_view> property(std::string_view key) const;
    const std::string& created_by() const;

    ColumnReader column(std::size_t index) const;
    /// The fields below the root.
    const std::vector<Node>& schema() const;
    const Leaf& leaf(std::size_t index) const;
    EntryReader entries(std::size_t leaf) const;

private:
    friend class ColumnReader;
    struct State;
    std::unique_ptr<State> state_;
};

/// Does the file end (and begin) as Parquet does?
bool looks_like_parquet(Source& source);

}  // namespace millrace::formats::parquet
