#pragma once

#include <cstddef>
#include <string_view>

namespace millrace {

/// Length in bytes of the valid UTF-8 character at the start of `text`; 0 when there is none (overlong forms and
/// surrogates are not valid).
std::size_t utf8_length(std::string_view text);

/// Position of the first byte that is not part of valid UTF-8; npos when all of it is.
std::size_t first_invalid_utf8(std::string_view text);

}  // namespace millrace
