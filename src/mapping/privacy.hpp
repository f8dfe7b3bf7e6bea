#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mapping/summary.hpp"

/// What of a file may be shown to a language model, and how.
namespace millrace::mapping {

/// A text as data: without control, zero-width and direction characters, at most so many characters.
std::string plain(std::string_view text, std::size_t characters_max);

/// The shape of a value: "AAAA 9999" for "NLRT 2012"; at most 24 characters.
std::string mask_of(std::string_view value);

/// The most frequent shapes of a column, at most three.
std::vector<std::string> masks_of(const Summary& values);

/// Some of its values, at most five. Those that identify people (addresses, numbers of accounts and telephones, names, ...)
/// are masked, all of them when the column holds such values, and so is every longer number.
std::vector<std::string> samples_of(const Summary& values);

}  // namespace millrace::mapping
