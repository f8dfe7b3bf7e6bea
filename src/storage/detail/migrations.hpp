#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/embedded.hpp"

namespace millrace::storage::detail {

struct Migration {
    int version = 0;
    std::string sql;
    std::string sha256;
};

/// The migrations of a backend in order of their number ("0001_core.sql"). Throws std::logic_error for gaps.
std::vector<Migration> read_migrations(std::span<const Embedded> files);

/// Those still to be applied, given the versions and hashes that the database holds.
/// Throws Error{schema_newer} when it holds a version that this program does not know, Error{schema_changed} when one
/// was made by another text.
std::span<const Migration> pending(std::span<const Migration> known, const std::map<int, std::string>& applied);

}  // namespace millrace::storage::detail
