#pragma once

#include <string>

namespace millrace::capture::detail {

/// Makes a file system of its own for this process and its children: the programs and fonts of the machine, a few devices,
/// the processes of its namespace, and a /tmp in memory of at most 512 MiB. Nothing else of the machine can be seen.
/// Answers what could not be done; empty when all is done.
std::string enter_root(const std::string& browser);

}  // namespace millrace::capture::detail
