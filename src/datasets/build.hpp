#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "datasets/column.hpp"
#include "datasets/profile.hpp"
#include "formats/format.hpp"

namespace millrace::datasets {

/// Opens the table from its beginning; called once, or twice when a type had to be widened after rows of the
/// narrower one had been written. `on_reject` belongs into the ReadOptions of the reader.
using OpenTable = std::function<std::unique_ptr<formats::TableReader>(std::function<void(formats::Reject)> on_reject)>;

/// Where the parts of a dataset go. All are written front to back, by one thread at a time.
struct Sinks {
    formats::Sink* data = nullptr;     ///< Parquet, one column per column of the table
    formats::Sink* texts = nullptr;    ///< Parquet (row, column, text); nothing is written when no cell needs it
    formats::Sink* rejects = nullptr;  ///< NDJSON, one Reject a line; may be null
    /// Forgets everything written so far to all of them; called before a second pass.
    std::function<void()> restart;
};

struct BuildOptions {
    std::uint64_t source_bytes = 0;  ///< size of the source; what percentages are of
    /// Called with bytes consumed in [0, source_bytes], never decreasing, and the rows read in this pass, about four times per
    /// MiB, on the calling thread. Stands still for a while when a second pass is needed.
    std::function<void(std::uint64_t bytes, std::uint64_t rows)> on_progress;
    std::stop_token stop;  ///< asked once per batch; then build throws Error{cancelled}
    /// Unquoted or quoted words that are nulls in columns that are not text, e.g. {"NA"}; the word itself is kept.
    std::vector<std::string> null_words;
    std::uint64_t rejects_stored_max = 100'000;  ///< all are counted, this many are written
    std::size_t group_rows_max = 131'072;
    std::size_t group_bytes_max = 16u << 20;     ///< of values in memory; two groups exist at a time
    /// Types and notations that are given: nothing is inferred, and a cell that does not fit ends it. Empty: none are.
    std::vector<ColumnInfo> columns;
    bool infer = true;                           ///< false: every column is text
    bool second_thread = true;                   ///< encode on a thread of its own once there is a second row group
    bool types_only = false;                     ///< find types and widenings, write nothing; for measuring

    /// Called after every so many bytes of the source, at the end of a row group, with all that is needed to go on from there;
    /// what belongs to it has been given to the sinks. Never for a table whose reader has no position. For `build` only.
    /// `source_at`: bytes of the source that need not be read again, except for its beginning.
    std::function<void(std::string state, std::uint64_t source_at)> on_checkpoint;
    std::uint64_t checkpoint_bytes = 256u << 20;
    /// Goes on from such a state of the same source and options: the sinks hold what they held then. What comes out is the
    /// same, byte by byte, as without the interruption.
    std::string go_on_from;
};

/// States of another build of the program are to be thrown away: raised by whoever changes what they hold.
inline constexpr int state_version = 2;

/// Why a column has the type it has: the first cell that a narrower type could not hold.
struct Widening {
    std::string column;
    formats::Type from = formats::Type::text;
    formats::Type to = formats::Type::text;
    std::uint64_t row = 0;  ///< number among the rows of the dataset, from 0
    std::string text;       ///< the cell, cut at 200 bytes
};
BOOST_DESCRIBE_STRUCT(Widening, (), (column, from, to, row, text))

/// What happened to every row and byte: rows_in = rows_out + rows_rejected + rows_reported.
struct BuildReport {
    std::uint64_t bytes = 0;
    std::uint64_t rows_in = 0;
    std::uint64_t rows_out = 0;
    std::uint64_t rows_rejected = 0;
    std::uint64_t rows_reported = 0;
    std::uint64_t header_rows = 0;
    std::uint64_t preamble_rows = 0;
    std::uint64_t footnote_rows = 0;
    std::uint64_t blank_rows = 0;
    std::uint64_t other_table_rows = 0;
    std::uint64_t rows_repaired = 0;
    std::uint64_t rejects_stored = 0;
    std::uint64_t cells_with_text = 0;  ///< cells whose text the typed value does not give back; kept beside it
    int passes = 1;
    bool has_header = true;
    json::object dialect;
    std::vector<std::string> warnings;
    std::vector<Widening> widenings;
};
BOOST_DESCRIBE_STRUCT(BuildReport, (), (bytes, rows_in, rows_out, rows_rejected, rows_reported, header_rows,
                                        preamble_rows, footnote_rows, blank_rows, other_table_rows, rows_repaired,
                                        rejects_stored, cells_with_text, passes, has_header, dialect, warnings,
                                        widenings))

struct BuildResult {
    std::uint64_t rows = 0;
    std::vector<ColumnInfo> columns;
    Profile profile;
    BuildReport report;
    std::uint64_t data_bytes = 0;   ///< written to Sinks::data
    std::uint64_t texts_bytes = 0;  ///< written to Sinks::texts; 0: there is no such file
};

/// Turns a table of text into a dataset: types found over the whole file, Parquet, profile, rejects. No text is ever
/// lost: what a typed value does not render back is written to Sinks::texts.
/// Memory: two row groups of `group_bytes_max` plus about as much again for encoding, whatever the size of the source.
/// Throws Error{cancelled} and whatever the reader and the sinks throw; what was written is void then.
BuildResult build(const OpenTable& open, const Sinks& sinks, const BuildOptions& options = {});

}  // namespace millrace::datasets
