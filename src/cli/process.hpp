#pragma once

#include <sys/types.h>

namespace millrace::cli {

/// Makes what the process creates readable for its user alone, and remembers what the user had set.
void keep_private();
/// The mode of a new file that the user asked for, e.g. the output of `convert`.
mode_t user_file_mode();

}  // namespace millrace::cli
