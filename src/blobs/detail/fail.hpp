#pragma once

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace millrace::blobs {

/// Throws what a failed call of the system means: `what` is what was being done, `error` its errno.
[[noreturn]] inline void fail(const char* what, int error) {
    if (error == ENOSPC || error == EDQUOT) throw Error{Code::storage_full};
    throw Error{Code::storage_failed, {{"why", std::string{what} + ": " + std::strerror(error)}}};
}

}  // namespace millrace::blobs
