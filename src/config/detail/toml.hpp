#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/config.hpp"

namespace millrace::config::detail {

struct TomlEntry {
    std::string key;  ///< dotted
    Raw raw;
    int line = 0;
};

/// The leaves of a TOML file. A file that is broken, or a value that no setting can take, is an issue with file and line.
std::vector<TomlEntry> read_toml(const File& file, std::vector<Issue>& issues);

}  // namespace millrace::config::detail
