#pragma once

#include <string_view>

#include "formats/format.hpp"

namespace millrace::formats::unpack {

/// Do the first bytes of a file leave it open that it is an archive? For a zip, only its directory says more.
bool may_be_archive(std::string_view head);

/// A zip without a member.
bool is_empty_zip(Source& source);

}  // namespace millrace::formats::unpack
