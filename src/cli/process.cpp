#include "cli/process.hpp"

#include <sys/stat.h>

namespace millrace::cli {
namespace {
mode_t mask_of_user = 022;
}  // namespace

void keep_private() { mask_of_user = ::umask(077); }
mode_t user_file_mode() { return 0666 & ~mask_of_user; }

}  // namespace millrace::cli
