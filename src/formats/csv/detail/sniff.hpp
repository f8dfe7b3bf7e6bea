#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv/dialect.hpp"

namespace millrace::formats::csv {

/// A dialect that was tried on the start of a file.
struct Candidate {
    Dialect dialect;
    double score = 0;       ///< pattern times type; only comparable within one file
    std::size_t width = 0;  ///< most frequent number of cells
    std::size_t records = 0;
    double regular = 0;     ///< share of records with that width, 0 to 1
    double damage = 0;      ///< share of records with quotes that the dialect does not explain, 0 to 1
    double typed = 0;       ///< share of cells that look like values, 0 to 1
};

/// What is fixed beforehand; empty members are to be found.
struct Given {
    std::optional<std::string> delimiter;
    std::optional<char> quote;  ///< 0: none
    std::optional<Escape> escape;
};

struct Sniffed {
    Dialect dialect;
    double confidence = 1;  ///< 1: no other dialect comes near
    std::string reason;
    std::vector<Candidate> candidates;  ///< best first, at most 8
};

/// Decides on the dialect from the first lines of a file. `complete`: `sample` is the whole text.
Sniffed sniff_dialect(std::string_view sample, bool complete, const Given& given);

/// The line ends of a sample outside quotes: "crlf", "lf", "cr" or "mixed" ("none" for a single line).
std::string_view line_ends(std::string_view sample, const Dialect& dialect);

}  // namespace millrace::formats::csv
