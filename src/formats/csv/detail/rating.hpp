#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "formats/csv/detail/record.hpp"
#include "formats/csv/detail/sniff.hpp"

namespace millrace::formats::csv {

/// How plausible a delimiter is before the file has been seen: real files use the first four.
struct Prior {
    char delimiter;
    double weight;
};
inline constexpr std::array<Prior, 13> priors = {{{',', 1.0},   {';', 1.0},  {'\t', 1.0}, {'|', 0.98}, {' ', 0.7},
                                                  {':', 0.55},  {'^', 0.8},  {'~', 0.8},  {'#', 0.45}, {'&', 0.4},
                                                  {'*', 0.4},   {'\x1f', 1.0}, {'\x01', 1.0}}};

/// The records of a sample under a dialect.
struct Rows {
    std::vector<std::size_t> widths;  ///< of records that are not blank
    std::vector<Cell> cells;
    std::size_t irregular = 0;
    std::size_t broken = 0;
};

/// Reads the sample; a record whose quotes run over many lines is read as one line, so that one stray quote does not
/// hide the rest of the sample.
Rows read_sample(std::string_view sample, const Dialect& dialect, Arena& arena);

struct Mode {
    std::size_t width = 1;
    double share = 0;
};
Mode most_frequent(const std::vector<std::size_t>& widths);

/// How well a dialect explains a sample.
Candidate rate(std::string_view sample, const Dialect& dialect);

}  // namespace millrace::formats::csv
