#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace millrace {

/// The known word that a mistyped one most likely means: at most a third of its letters differ (insertions, deletions,
/// replacements, swapped neighbours). Nothing when none is near.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> known);

/// "; did you mean \"x\"?" or nothing; for the end of a sentence in an error.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace millrace
