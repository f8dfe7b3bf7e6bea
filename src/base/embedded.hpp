#pragma once

#include <span>
#include <string_view>

namespace millrace {

/// A file of the source tree that is part of the binary: its name and its text.
struct Embedded {
    std::string_view name;
    std::string_view text;
};

}  // namespace millrace
