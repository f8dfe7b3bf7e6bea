#pragma once

#include "formats/csv/csv.hpp"
#include "formats/testing.hpp"

/// Help for the tests of this folder.
namespace millrace::formats::csv {

inline ReadBack read_all(std::string text, ReadOptions options = {}) {
    return formats::read_all(format(), std::move(text), std::move(options));
}

}  // namespace millrace::formats::csv
