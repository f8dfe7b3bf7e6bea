#pragma once

#include <pthread.h>

#include <string>

namespace millrace::work {

/// Names the calling thread for top, gdb and /proc; the kernel keeps 15 characters.
inline void name_this_thread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

}  // namespace millrace::work
