#pragma once

#include <string_view>

namespace millrace::formats::unpack {

/// Do the first bytes of a file leave it open that it is an archive? For a zip, only its directory says more.
bool may_be_archive(std::string_view head);

}  // namespace millrace::formats::unpack
