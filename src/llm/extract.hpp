#pragma once

#include <optional>
#include <string_view>

#include "base/describe.hpp"

namespace millrace::llm {

/// The JSON object that a text is, or nothing.
std::optional<json::object> whole_object(std::string_view text);

/// The JSON object in what a model has said: alone, in a fence, or within prose; commas before a closing bracket are
/// forgiven, nothing else is. Nothing when there is none. Linear in the length of the text.
std::optional<json::object> object_in(std::string_view text);

}  // namespace millrace::llm
