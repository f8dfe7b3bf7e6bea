#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "formats/format.hpp"
#include "formats/sandbox/sandboxed.hpp"
#include "formats/unpack/compressed.hpp"

namespace millrace::formats::unpack {

/// What kind of archive a file is: "zip", "tar", "7z"; empty for any other. Workbooks and documents, which are zips of one
/// program, are files.
std::string_view archive_kind(Source& source);

struct ArchiveLimits {
    std::uint64_t entries = 10'000;  ///< directories and links included
    std::uint64_t members = 1'000;   ///< handed to `visit`, those of archives inside included
    int depth = 1;                   ///< of archives inside of the first
    Limits size = {};                ///< of all members together
};

/// A file in an archive. Its path is data: relative, UTF-8, "/" between its parts, none of which is "..".
struct Member {
    std::string path;
    Source* content = nullptr;  ///< null when `why` says why there is none; as long as the visit lasts
    std::string_view why{};     ///< "encrypted_file", "malformed_file", "archive_limits", "not_a_file" (a link, a device)
};

/// Unpacks the members one after the other, each into a temporary file, and shows them to `visit`. Archives inside are
/// unpacked too, as "inner.zip/orders.csv"; one too deep is "archive_limits". libarchive runs in a child
/// process, as all that is not fit to meet hostile bytes. Throws Error{empty_file | malformed_file | encrypted_file | archive_limits |
/// parser_limits | parser_crashed} when the archive as a whole is not usable.
void each_member(Source& archive, const std::function<void(const Member&)>& visit, const ArchiveLimits& limits = {},
                 const Check& check = {}, const sandbox::Settings& settings = {});

/// Why a member is passed over: what it says itself, "not_data" for what lies beside data (hidden files, a README, a
/// program), or the error code of a file that no format takes. Empty for a file that is to be read.
std::string why_skipped(const Member& member);

/// The last part of a path.
std::string_view file_of(std::string_view path);

}  // namespace millrace::formats::unpack
