#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/csv/detail/reader.hpp"

namespace millrace::formats::csv {

/// A table of a file, where several stand below each other.
struct Section {
    std::uint64_t byte_offset = 0;
    std::uint64_t lines_before = 0;
    std::uint64_t rows_before = 0;  ///< records of the tables before it
    std::optional<std::string> encoding;
};

/// The tables of a file, at most `sections_max`: each ends where the rules of the layout say that another one begins,
/// and that one is read as a file of its own. Throws like open.
std::vector<Section> find_sections(Source& source, const ReadOptions& options, std::size_t sections_max = 1000);

/// The reader of table `options.table`. Throws Error{invalid_parameter} when there is none, else like open.
std::unique_ptr<TableReader> open_table(Source& source, const ReadOptions& options, Doubt doubt);

}  // namespace millrace::formats::csv
