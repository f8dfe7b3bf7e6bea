#pragma once

#include "base/error.hpp"

#include <span>

namespace millrace {

/// The languages millrace speaks; English first, it is also the fallback. A language is one file here and one line
/// in messages.cpp.
std::span<const MessageTable> message_tables();

std::string_view message_en(Code code);
std::string_view message_nl(Code code);

}  // namespace millrace
