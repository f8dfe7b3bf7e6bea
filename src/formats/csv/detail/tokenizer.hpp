#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace millrace::formats::csv {

/// Where the cells and rows of a stretch of regular text end. The vectors are reused; `cells` and `rows` count what is
/// valid in them.
struct CellIndex {
    std::vector<std::uint32_t> cell_ends;  ///< positions of delimiters and line ends outside quotes
    std::vector<std::uint32_t> row_ends;   ///< for each row: how many of `cell_ends` belong to it and those before it
    std::size_t cells = 0;
    std::size_t rows = 0;
};

struct Marks {
    char delimiter = ',';
    char quote = '"';    ///< 0: none
    char line_end = '\n';  ///< '\n' also stands for "\r\n"; '\r' for files with nothing else
};

/// Indexes `text`, which starts at the start of a row, in blocks of 64 bytes: bitmasks of the marks, a carry-less
/// multiplication for "inside quotes", positions of the rest. Stops before the first block in which a quote stands where
/// a regular file has none, or a line end of another kind; answers how many bytes were covered.
/// At most 4 GiB of text, and 64 bytes behind it must be readable.
std::size_t index_cells(std::string_view text, const Marks& marks, CellIndex& out);

/// Number of line ends (LF, CRLF, CR) in `text`; a CR at the end counts.
std::uint64_t count_line_ends(std::string_view text);

/// The instruction sets for which there is code, best first: "avx2", "sse4.2", "scalar".
std::span<const std::string_view> tokenizers();
/// The same as index_cells() in one of these; false when this processor lacks it. For tests.
bool index_cells_with(std::string_view instruction_set, std::string_view text, const Marks& marks, CellIndex& out,
                      std::size_t& covered);

}  // namespace millrace::formats::csv
